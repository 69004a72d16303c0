"""CogVideoX 1.0 and 1.5, image to video. In: a folder. Out: a family told of one picture, the first frame.

The picture's latent is joined to the first latent frame of the network's input; in 1.5 that is the one which
is dreamt before the film.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from kinora.core.errors import UnsupportedError
from kinora.core.shape import Stride
from kinora.denoise.canvas import Canvas
from kinora.open_weights.codec import Codec
from kinora.open_weights.cogvideox import cogvideox
from kinora.open_weights.family import Family, Moment, Prepared
from kinora.open_weights.folder import Folder
from kinora.open_weights.known import only_first
from kinora.open_weights.shelf import Shelf

OFFSET = 2.0
"""What the published sampler tells 1.5 beside the time."""


def cogvideox_image(folder: Folder) -> Family:
    """The family of a `CogVideoXImageToVideoPipeline` folder."""
    base = cogvideox(folder)
    config, space = folder.config("transformer"), base.stride.space
    likes = replace(base.capabilities, hold="condition", regions=False)
    if config.get("use_learned_positional_embeddings"):
        height, width = (space * config[f"sample_{side}"] for side in ("height", "width"))
        likes = replace(likes, height=height, width=width)
    told = Offset(base.arguments) if config.get("ofs_embed_dim") else base.arguments
    return replace(
        base, name="cogvideox-image", capabilities=likes, arguments=told,
        prepare=partial(prepare, stride=base.stride),
    )  # fmt: skip


@dataclass(frozen=True)
class Offset:
    """A number beside the time, and whatever the network is told otherwise."""

    others: Callable[[Moment], Mapping[str, Any]]

    def __call__(self, moment: Moment) -> Mapping[str, Any]:
        """Keyword arguments of the network."""
        return {**self.others(moment), "ofs": torch.tensor([OFFSET])}


def prepare(shelf: Shelf, codec: Codec, canvas: Canvas, *, stride: Stride) -> Prepared:
    """The picture's latent before zeros.

    Raises:
        UnsupportedError: something else than a first frame is known, or the places were learnt for another size.
    """
    name, config = shelf.folder.name, shelf.folder.config("transformer")
    learnt = [config["sample_height"], config["sample_width"]]
    if config.get("use_learned_positional_embeddings") and [*canvas.latents.shape[2:]] != learnt:
        height, width = (side * stride.space for side in learnt)
        raise UnsupportedError(
            f"{name} draws one size only",
            why="its places in the picture were learnt",
            remedy=f"Use --size {width}x{height}",
        )
    still = only_first(canvas, name=name, depth=stride.depth)
    if shelf.folder.config("vae").get("invert_scale_latents"):
        still = still * codec.std.square()  # this network was taught with the scale upside down
    told = torch.zeros_like(canvas.latents)
    told[:1] = still
    return Prepared(channels=told)
