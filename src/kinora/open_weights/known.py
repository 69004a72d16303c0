"""A canvas's known frames as pixels. In: a canvas, a codec. Out: a video and what of it is shown.

A run of known latents that does not begin the clip shows its first latent's last frame only: that is
the one picture its decoder can draw alone, and what first-and-last-frame models were trained on.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kinora.autoencoder.stream import to_pixels
from kinora.core.errors import UnsupportedError
from kinora.core.shape import Stride
from kinora.denoise.canvas import Canvas
from kinora.open_weights.codec import Codec


@dataclass(frozen=True, eq=False)
class Known:
    """Pixels `[t 3 h w]` in -1..1, zero where nothing is known, and `shown` `[t 1 h w]`, 1 where it is."""

    pixels: Tensor
    shown: Tensor


def known(canvas: Canvas, codec: Codec, stride: Stride) -> Known:
    """Decode what the canvas holds (level 0, by frame or region)."""
    count, _, height, width = canvas.latents.shape
    frames = stride.pixel_frames(count)
    pixels = torch.zeros(frames, 3, height * stride.space, width * stride.space)
    shown = torch.zeros(frames, 1, *pixels.shape[2:])
    held = (canvas.region_level() == 0).float()
    for start, stop in runs(held.amax((-2, -1)) > 0):
        drawn = to_pixels(np.concatenate(list(codec.decode(canvas.latents[start:stop]))))
        at = start * stride.time
        where = _by_frame(held[start:stop], stride)
        shown[at : at + len(drawn)] = where
        pixels[at : at + len(drawn)] = drawn * where
    return Known(pixels, shown)


def only_first(canvas: Canvas, *, name: str, depth: int = 1) -> Tensor:
    """`[1 c h w]`: the first frame of a canvas, for networks that are told of it and of no other.

    Args:
        canvas: what is known.
        name: of the model.
        depth: latent frames in a token: before the first frame there are fewer than that to fill it.

    Raises:
        UnsupportedError: it is not known, or something else is.
    """
    held = canvas.region_level() == 0
    whole = held.flatten(1).all(1).nonzero()[:, 0].tolist()
    if not held.any():
        raise UnsupportedError(
            f"{name} turns pictures into video",
            why="no frame of the canvas is known",
            remedy="Hold a first frame, or choose a text-to-video model",
        )
    if len(whole) != 1 or whole[0] >= depth or held.flatten(1).any(1).sum() > 1:
        raise UnsupportedError(
            f"{name} knows one first frame and no other",
            why="it was not told of other known frames or regions when it learnt",
            remedy="Choose its text-to-video release, which holds any",
        )
    return canvas.latents[whole]


def runs(flags: Tensor) -> list[tuple[int, int]]:
    """Where `flags` `[f]` are True without a break: `(start, stop)` each."""
    edges = torch.diff(flags.int(), prepend=torch.zeros(1).int(), append=torch.zeros(1).int())
    starts, stops = (edges == 1).nonzero()[:, 0], (edges == -1).nonzero()[:, 0]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _by_frame(held: Tensor, stride: Stride) -> Tensor:
    """`[f h w]` of latents -> `[t 1 H W]` of the frames they draw."""
    spans = torch.full((len(held),), stride.time)
    spans[0] = 1
    wide = held.repeat_interleave(stride.space, -2).repeat_interleave(stride.space, -1)
    return wide.repeat_interleave(spans, 0)[:, None]
