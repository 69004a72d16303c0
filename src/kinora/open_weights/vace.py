"""Wan VACE: known pixels steer a branch of their own. In: a folder. Out: a family holding any region."""

from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor, nn

from kinora.denoise.canvas import Canvas
from kinora.open_weights.codec import Codec
from kinora.open_weights.family import Family, Prepared
from kinora.open_weights.folder import Folder
from kinora.open_weights.known import Known, known
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.wan import capabilities, stride, wan


def vace(folder: Folder) -> Family:
    """The family of a `WanVACEPipeline` folder."""
    return replace(
        wan(folder),
        name="wan-vace",
        capabilities=capabilities(folder, hold="condition", trained=False, levels=False),
        grain="clip",
        prepare=prepare,
    )


@torch.inference_mode()
def prepare(shelf: Shelf, codec: Codec, canvas: Canvas) -> Prepared:
    """The branch's input, from what the canvas holds."""
    shape = stride(shelf.folder.config("transformer"), shelf.folder.config("vae"))
    seen = known(canvas, codec, shape)
    control = steering(codec, seen, frames=len(canvas), space=shape.space)
    return Prepared(arguments={"control_hidden_states": control})


def steering(codec: Codec, seen: Known, *, frames: int, space: int) -> Tensor:
    """`[1 c+c+space*space f h w]`: latents of what stays, of what is to change, and the mask unshuffled.

    Args:
        codec: the compression network.
        seen: what is known; the rest is to be made.
        frames: latent frames.
        space: pixels along the side of a latent position.
    """
    made = 1 - seen.shown
    stays = codec.encode_pixels(seen.pixels * seen.shown)
    changes = codec.encode_pixels(seen.pixels * made)
    cells = rearrange(made, "t 1 (h p) (w q) -> 1 (p q) t h w", p=space, q=space)
    size = (frames, *cells.shape[-2:])
    mask = nn.functional.interpolate(cells, size=size, mode="nearest-exact")
    latents = rearrange(torch.cat([stays, changes], 1), "f c h w -> 1 c f h w")
    return torch.cat([latents, mask.to(latents)], 1)
