"""Wan image to video: 2.1 with picture states, first and last frame, 2.2 A14B. In: a folder. Out: a family.

The network is told of known frames through channels joined to x, and dreams all frames at one level.
"""

from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor

from kinora.core.errors import UnsupportedError
from kinora.denoise.canvas import Canvas
from kinora.open_weights.codec import Codec
from kinora.open_weights.family import Experts, Family, Prepared
from kinora.open_weights.folder import Folder
from kinora.open_weights.known import Known, known
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.wan import capabilities, stride, wan


def wan_image(folder: Folder) -> Family:
    """The family of a `WanImageToVideoPipeline` folder."""
    base = wan(folder)
    if folder.index.get("expand_timesteps"):
        return base
    boundary = folder.index.get("boundary_ratio")
    return replace(
        base,
        name="wan-image",
        capabilities=replace(
            capabilities(folder, hold="condition", trained=False, levels=False), regions=False
        ),
        grain="clip",
        prepare=prepare,
        experts=Experts(boundary) if boundary else None,
    )


@torch.inference_mode()
def prepare(shelf: Shelf, codec: Codec, canvas: Canvas) -> Prepared:
    """Mask and latents of the known frames, and the states of their pictures."""
    config = shelf.folder.config("transformer")
    shape = stride(config, shelf.folder.config("vae"))
    if (canvas.region_level() == 0).flatten(1).any(1).ne(canvas.frame_level() == 0).any():
        raise UnsupportedError(
            f"{shelf.folder.name} holds whole frames only", remedy="Choose a VACE model for regions"
        )
    seen = known(canvas, codec, shape)
    if not seen.shown.any():
        raise UnsupportedError(
            f"{shelf.folder.name} turns pictures into video",
            why="no frame of the canvas is known",
            remedy="Hold a first frame, or choose a text-to-video model",
        )
    channels = told(codec, seen, time=shape.time)
    held = canvas.frame_level() == 0
    # Where the clip begins with known latents they are exact; decoding and encoding is not.
    prefix = int(held.cumprod(0).sum())
    channels[:prefix, shape.time :] = canvas.latents[:prefix].to(channels)
    if config.get("image_dim") is None:
        return Prepared(channels=channels)
    pictures = states(shelf, seen, ends=config.get("pos_embed_seq_len") is not None)
    return Prepared(channels=channels, arguments={"encoder_hidden_states_image": pictures})


def told(codec: Codec, seen: Known, *, time: int) -> Tensor:
    """`[f time+c h w]`: which frames of each latent are known, and the latents of what is shown."""
    latents = codec.encode_pixels(seen.pixels)
    space = seen.pixels.shape[-1] // latents.shape[-1]
    mask = seen.shown[:, 0, ::space, ::space]
    mask = torch.cat([mask[:1].expand(time - 1, -1, -1), mask])  # the first frame counts time times
    return torch.cat([rearrange(mask, "(f k) h w -> f k h w", k=time), latents], 1)


def states(shelf: Shelf, seen: Known, *, ends: bool) -> Tensor:
    """Penultimate states of the first known picture, or with `ends` of the first and the last one."""
    shown = seen.shown.amax((1, 2, 3)).nonzero()[:, 0].tolist()
    wanted = [shown[0], shown[-1]] if ends else [shown[0]]
    pictures = seen.pixels[wanted].add(1).mul(127.5).round().to(torch.uint8)
    encoder = shelf.get("image_encoder")
    inputs = shelf.get("image_processor")(images=list(pictures), return_tensors="pt")
    pixels = inputs["pixel_values"].to(encoder.device, encoder.dtype)
    hidden: Tensor = encoder(pixel_values=pixels, output_hidden_states=True).hidden_states[-2]
    return hidden
