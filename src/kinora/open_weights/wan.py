"""Wan text to video: 2.1, 2.2 with two experts, 2.2 with a level per token. In: a folder. Out: a family."""

from typing import Any

import torch

from kinora.core.shape import Stride
from kinora.denoise.loop import Hold
from kinora.denoise.model import Capabilities
from kinora.open_weights.codec import Causal, Codec
from kinora.open_weights.coordinates import Flow
from kinora.open_weights.family import Experts, Family, only_time
from kinora.open_weights.folder import Folder
from kinora.open_weights.schedule import Own, shift_of
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.words import T5Reading

SECOND_GUIDANCE = 0.75  # the published defaults are 4 above the boundary and 3 below it

READING = T5Reading(length=512, masked=True, zero_past=True, clean=True)
"""The network attends to the zeros past the last word too, so all 512 states are kept."""


def wan(folder: Folder) -> Family:
    """The family of a `WanPipeline` folder."""
    index, config, vae = folder.index, folder.config("transformer"), folder.config("vae")
    tokens = bool(index.get("expand_timesteps"))
    boundary = index.get("boundary_ratio")
    return Family(
        name="wan",
        stride=stride(config, vae),
        channels=vae["z_dim"],
        capabilities=capabilities(folder, hold="native" if tokens else "renoise", trained=tokens),
        coordinates=flow(folder),
        layout="1 c f h w",
        grain="token",
        read=READING,
        arguments=only_time,
        schedule=Own(folder.config("scheduler")),
        codec=codec,
        experts=Experts(boundary, SECOND_GUIDANCE) if boundary else None,
    )


def stride(config: dict[str, Any], vae: dict[str, Any]) -> Stride:
    """From the two configs; the compression network halves once per entry of its list of True."""
    doublings = vae.get("temperal_downsample", (False, True, True))
    space = vae.get("scale_factor_spatial") or 2 ** len(doublings) * (vae.get("patch_size") or 1)
    return Stride(time=2 ** sum(doublings), space=space, patch=config["patch_size"][1])


def flow(folder: Folder) -> Flow:
    """UniPC hands the network whole numbers of 1000, the Euler scheduler does not."""
    return Flow(sign=-1, whole_steps=folder.kind("scheduler") == "UniPCMultistepScheduler")


def capabilities(folder: Folder, *, hold: Hold, trained: bool, levels: bool = True) -> Capabilities:
    """What all Wan models share; the 5B one was made for 24 frames a second and 704 rows."""
    small = folder.config("vae")["z_dim"] == 48
    return Capabilities(
        levels="region" if levels else "clip",
        levels_trained=trained,
        hold=hold,
        causal=False,
        views=False,
        references=False,
        fps=24.0 if small else 16.0,
        height=704 if small else 480,
        width=1280 if small else 832,
        steps=(20, 40, 50),
        guidance=4.0 if folder.index.get("boundary_ratio") else 5.0,
        shift=shift_of(folder.config("scheduler")),
        max_frames=121 if small else 81,
    )


def codec(shelf: Shelf) -> Codec:
    """The causal compression network, with the scale of its config."""
    vae = shelf.get("vae")
    if not vae.use_tiling:
        vae.enable_tiling()
    return Codec(
        vae=vae,
        mean=torch.tensor(vae.config.latents_mean),
        std=torch.tensor(vae.config.latents_std),
        decoder=Causal(),
    )
