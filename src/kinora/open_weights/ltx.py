"""LTX-Video 0.9: positions packed as tokens, a level per token. In: a folder. Out: a family.

Its two published pipelines differ in how they read, in their levels and in where they place time.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from kinora.core.clip import Frames
from kinora.core.seed import torch_generator
from kinora.core.shape import Stride
from kinora.denoise.model import Capabilities
from kinora.open_weights.codec import Codec, library
from kinora.open_weights.coordinates import Flow
from kinora.open_weights.family import Family, Moment
from kinora.open_weights.folder import Folder
from kinora.open_weights.schedule import Even, LinearQuadratic, shift_of
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.words import T5Reading

FPS = 25.0
DECODE_TIME = 0.05
DECODE_NOISE = 0.025
"""What the published examples decode with, where the decoder takes a time."""


def ltx(folder: Folder) -> Family:
    """The family of an LTX 0.9 folder."""
    keyframes = folder.pipeline == "LTXConditionPipeline"
    config = folder.config("scheduler")
    shape = stride(folder.config("vae"), patch=folder.config("transformer").get("patch_size", 1))
    return Family(
        name="ltx",
        stride=shape,
        channels=folder.config("vae")["latent_channels"],
        capabilities=Capabilities(
            levels="region", hold="native", causal=False, views=False, references=False,
            fps=FPS, height=512, width=704, steps=(20, 40, 50), guidance=3.0,
            shift=shift_of(config), max_frames=257,
        ),
        coordinates=Flow(sign=-1),
        layout="1 (f h w) c",
        grain="token",
        read=T5Reading(
            length=256 if keyframes else 128, masked=keyframes, mask="encoder_attention_mask"
        ),
        arguments=Places(shape, causal=keyframes),
        schedule=LinearQuadratic(config) if keyframes else Even(config),
        codec=codec,
    )  # fmt: skip


class Places:
    """Where tokens lie, as the transformer is told: in seconds and pixels.

    Args:
        stride: pixels to latents.
        causal: whether the first latent spans one frame in time, or as many as the others.
    """

    def __init__(self, stride: Stride, *, causal: bool) -> None:
        self.stride = stride
        self.causal = causal

    def __call__(self, moment: Moment) -> Mapping[str, Any]:
        """Keyword arguments of the network."""
        if self.causal:
            return {"video_coords": self.coordinates(moment)}
        space = self.stride.space
        shape = moment.shape
        return {
            "num_frames": shape.frames,
            "height": shape.height,
            "width": shape.width,
            "rope_interpolation_scale": (self.stride.time / moment.rate, space, space),
        }

    def coordinates(self, moment: Moment) -> Tensor:
        """`[1 3 n]`: first frame of each latent in seconds, row and column in pixels."""
        shape, s = moment.shape, self.stride
        frame = (torch.arange(shape.frames) * s.time + 1 - s.time).clamp(min=0) / moment.rate
        row, column = torch.arange(shape.height) * s.space, torch.arange(shape.width) * s.space
        grid = torch.stack(torch.meshgrid(frame, row.float(), column.float(), indexing="ij"))
        return rearrange(grid, "k f h w -> 1 k (f h w)")


def stride(vae: Mapping[str, Any], *, patch: int) -> Stride:
    """From the config of the compression network."""
    scaling = vae["spatio_temporal_scaling"]
    first = vae.get("patch_size", 4), vae.get("patch_size_t", 1)
    return Stride(
        time=first[1] * 2 ** sum(scaling), space=first[0] * 2 ** sum(scaling), patch=patch
    )


def codec(shelf: Shelf) -> Codec:
    """The compression network; its scale lies in buffers."""
    vae = shelf.get("vae")
    timed = bool(vae.config.timestep_conditioning)
    return Codec(
        vae=vae,
        mean=vae.latents_mean,
        std=vae.latents_std / vae.config.scaling_factor,
        decoder=decode_timed if timed else library,
    )


def decode_timed(vae: Any, z: Tensor) -> Iterator[Frames]:
    """A decoder that removes a last bit of noise itself."""
    drawn = torch.randn(z.shape, generator=torch_generator(0, "decode")).to(z)
    noisy = (1 - DECODE_NOISE) * z + DECODE_NOISE * drawn
    return library(vae, noisy, temb=torch.tensor([DECODE_TIME]).to(z))
