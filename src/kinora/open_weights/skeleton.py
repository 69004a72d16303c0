"""A published model without weights: every shape, no memory. In: a folder. Out: a model on the meta device.

Only configs and tokenizers are read, so what a model would cost is known before it is fetched whole; of weights that
were quantised before, the headers of their files too.
"""

from typing import Any

import torch

from kinora.core.errors import NotFoundError, UnsupportedError
from kinora.denoise.canvas import Canvas
from kinora.open_weights.family import Prepared, Words
from kinora.open_weights.folder import Folder, unknown_class
from kinora.open_weights.load import FAMILIES
from kinora.open_weights.model import OpenModel
from kinora.open_weights.packed import as_published, in_int8
from kinora.open_weights.quantised import Weights, methods
from kinora.open_weights.remember import hasten
from kinora.open_weights.shelf import VAE, Placement, Shelf
from kinora.open_weights.words import T5Reading

LISTENERS = ("hunyuan", "hunyuan-1.5", "hunyuan-1.5-image", "mochi")
"""Families whose networks look which words are there, and compute more or less by it."""

PICTURE_STATES = 257
"""Of the picture encoder that Wan 2.1 was trained with."""

META = torch.device("meta")


class Skeletons(Shelf):
    """Makes networks from their configs on the meta device."""

    def _load(self, component: str) -> Any:
        kind = self.folder.kind(component)
        if kind is None:
            raise NotFoundError(f"{self.folder.name} has no {component}")
        if "Tokenizer" in kind or "Processor" in kind:
            return self._from_transformers(component, kind)
        dtype = torch.float32 if component == VAE else self.placement.dtype
        with META, self._explained(component):
            network = self._empty(component, kind)
        # The library's own .to() warns that real weights are not to be treated so.
        made = torch.nn.Module.to(hasten(network), dtype).eval().requires_grad_(False)
        if component in methods(self.folder):
            made = as_published(made, self.folder, component)
        if not component.startswith("transformer"):
            return made
        return self._dressed(made if self.placement.weights == "whole" else in_int8(made))

    def _empty(self, component: str, kind: str) -> Any:
        made = self._class(component, kind)
        if self.folder.index[component][0] == "diffusers":
            return made.from_config(made.load_config(str(self.folder.path), subfolder=component))
        return made(made.config_class.from_pretrained(str(self.folder.path / component)))


def skeleton(
    folder: Folder, *, dtype: torch.dtype = torch.bfloat16, weights: Weights = "whole"
) -> OpenModel:
    """The model of a folder, weightless.

    Args:
        folder: configs are enough, unless its weights were quantised before.
        dtype: of transformers and text encoders.
        weights: how transformers would hold their linear weights.

    Raises:
        UnsupportedError: no family describes its class, or its sizes depend on the words.
    """
    describe = FAMILIES.get(folder.pipeline)
    if describe is None:
        raise unknown_class(folder, sorted(FAMILIES))
    family = describe(folder)
    if family.name in LISTENERS:
        raise UnsupportedError(
            f"what {folder.name} costs cannot be told beforehand",
            why="how much its network computes depends on the words",
        )
    shelf = Skeletons(folder, Placement(META, dtype, weights=weights), dress=family.adapt)
    return OpenModel(family, shelf)


def heard(model: OpenModel) -> Words:
    """A prompt's words: the right shapes. The mask is left to the network, it changes no size."""
    reading = model.family.read
    assert isinstance(reading, T5Reading), "see skeleton"
    ids = torch.zeros(1, reading.length, dtype=torch.long, device=META)
    states = model.shelf.get("text_encoder")(ids).last_hidden_state
    mask = {} if reading.mask is None else {reading.mask: torch.ones_like(ids, dtype=torch.bool)}
    return {"encoder_hidden_states": states, **mask}


def blind(model: OpenModel, canvas: Canvas) -> Prepared:
    """What the network would be told of known frames: the right shapes, nothing in them."""
    frames, channels, height, width = canvas.latents.shape
    config, stride = model.shelf.folder.config("transformer"), model.stride
    if model.family.name == "wan-vace":
        told = 2 * channels + stride.space**2
        control = torch.zeros(1, told, frames, height, width)
        return Prepared(arguments={"control_hidden_states": control})
    if model.family.name == "wan-image":
        states = {}
        if config.get("image_dim") is not None:
            count = 2 if config.get("pos_embed_seq_len") else 1
            size = (count, PICTURE_STATES, config["image_dim"])
            states["encoder_hidden_states_image"] = torch.zeros(size)
        return Prepared(torch.zeros(frames, stride.time + channels, height, width), states)
    if model.family.name == "cogvideox-image":
        return Prepared(torch.zeros_like(canvas.latents))
    return model.family.prepare(model.shelf, model.codec, canvas)
