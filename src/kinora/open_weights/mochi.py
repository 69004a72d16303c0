"""Mochi 1: its clock runs from noise, it predicts data minus noise as we do. In: a folder. Out: a family."""

import math

import torch

from kinora.core.shape import Stride
from kinora.denoise.model import Capabilities
from kinora.open_weights.codec import Codec, library
from kinora.open_weights.coordinates import Flow
from kinora.open_weights.family import Family, only_time
from kinora.open_weights.folder import Folder
from kinora.open_weights.schedule import LinearQuadratic, shift_of
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.words import T5Reading


def mochi(folder: Folder) -> Family:
    """The family of a `MochiPipeline` folder."""
    config, vae = folder.config("scheduler"), folder.config("vae")
    spans = vae.get("temporal_expansions", (1, 2, 3)), vae.get("spatial_expansions", (2, 2, 2))
    patch = folder.config("transformer")["patch_size"]
    return Family(
        name="mochi",
        stride=Stride(time=math.prod(spans[0]), space=math.prod(spans[1]), patch=patch),
        channels=vae["latent_channels"],
        capabilities=Capabilities(
            levels="clip", levels_trained=False, hold="renoise",
            causal=False, views=False, references=False,
            fps=30.0, height=480, width=848, steps=(32, 50, 64), guidance=4.5,
            shift=shift_of(config), max_frames=163,
        ),
        coordinates=Flow(sign=1, reversed_time=True),
        layout="1 c f h w",
        grain="clip",
        read=T5Reading(
            length=256,
            masked=True,
            mask="encoder_attention_mask",
            empty_is_zero=bool(folder.index.get("force_zeros_for_empty_prompt")),
        ),
        arguments=only_time,
        schedule=LinearQuadratic(config),
        codec=codec,
    )  # fmt: skip


def codec(shelf: Shelf) -> Codec:
    """The compression network, with the scale of its config."""
    vae = shelf.get("vae")
    c = vae.config
    mean = torch.tensor(c.latents_mean or [0.0])
    std = torch.tensor(c.latents_std or [1.0])
    return Codec(vae=vae, mean=mean, std=std / c.scaling_factor, decoder=library)
