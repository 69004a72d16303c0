"""More picture around it. In: a clip, a larger size. Out: the clip in the middle of that size.

On the Canvas: the clip's positions at 0, those around them at 1.
"""

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from pydantic import Field
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, fill, film, need, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source

REACH = 16
"""Pixels around the clip over which a step at its border fades."""

NEAR = 2
"""Pixels on either side of the border whose means tell how large the step is."""


class Outpaint(Edit):
    """The size wanted, in pixels."""

    height: int = Field(ge=16, le=4096)
    width: int = Field(ge=16, le=4096)


def outpaint(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Outpaint,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """The clip, every pixel of it as it is, with a picture dreamt around it.

    Raises:
        UsageError: the size is smaller than the clip.
        UnsupportedError: the model cannot rework a part of the picture.
    """
    need(model, regions=True)
    known = source(model, given)
    height, width = model.stride.snap_side(edit.height), model.stride.snap_side(edit.width)
    clip = known.clip
    check(
        height >= clip.height and width >= clip.width and (height, width) != (clip.height, clip.width),
        f"{width}x{height} has no room around a clip of {clip.width}x{clip.height}",
        remedy="Ask for a larger size",
    )  # fmt: skip
    space = model.stride.space
    top, left = (height - clip.height) // (2 * space), (width - clip.width) // (2 * space)
    gap = _around(known, height // space, width // space, top, left)
    prompts, text = words(known, edit)
    if edit.prompt is not None:
        gap = gap.with_(text=gap.text * 0 + text)
    request = edit.request(model, prompts)
    new = fill(
        model, request, gap, outside=outside_time(known, like=gap.latents), on_progress=on_progress
    )
    drawn = between(model, new.latents, on_progress=on_progress)
    frames = surrounded(drawn, clip.frames, top * space, left * space)
    notes: tuple[str, ...] = ()
    if (height, width) != (edit.height, edit.width):
        notes = (f"{edit.width}x{edit.height} became {width}x{height}",)
    return film(model, request, frames, new, given=known, notes=notes)


def _around(known: Source, height: int, width: int, top: int, left: int) -> Canvas:
    """The clip's latents at 0 on a canvas of `height` x `width` latent positions at 1."""
    held = known.canvas()
    frames, channels, high, wide = held.latents.shape
    latents = torch.zeros(frames, channels, height, width)
    level = torch.ones(frames, height, width)
    latents[..., top : top + high, left : left + wide] = held.latents
    level[:, top : top + high, left : left + wide] = 0
    return Canvas(latents=latents, level=level, time=held.time, view=held.view, text=held.text)


def surrounded(drawn: Frames, true: Frames, top: int, left: int) -> Frames:
    """`drawn` with `true` at its place, to the last bit; the step in colour at its border fades around it."""
    (height, width), (high, wide) = drawn.shape[1:3], true.shape[1:3]
    place = np.s_[top : top + high, left : left + wide]
    inside = torch.zeros(1, 1, height, width)
    inside[0, 0][place] = 1
    border = inside * (_mean(inside, 3) < 1)
    weight = _fading(height, width, (top, left, high, wide)) * (1 - inside)
    done = np.empty_like(drawn)
    for number, (frame, known) in enumerate(zip(drawn, true, strict=True)):
        done[number] = frame
        done[number][place] = known
        picture = rearrange(torch.from_numpy(done[number].astype(np.float32)), "h w c -> 1 c h w")
        side = 2 * NEAR + 1
        step = _mean_of(picture, inside, side) - _mean_of(picture, 1 - inside, side)
        moved = picture + weight * _mean_of(step, border, 2 * REACH + 1)
        done[number] = rearrange(moved, "1 c h w -> h w c").clamp(0, 255).round().numpy()
        done[number][place] = known
    return done


def _mean(x: Tensor, side: int) -> Tensor:
    """`[1 c h w]`: means over squares, as far as they lie in the picture."""
    half = side // 2
    tall = F.avg_pool2d(x, (side, 1), stride=1, padding=(half, 0), count_include_pad=False)
    return F.avg_pool2d(tall, (1, side), stride=1, padding=(0, half), count_include_pad=False)


def _mean_of(x: Tensor, mask: Tensor, side: int) -> Tensor:
    """`[1 c h w]`: means over those positions of squares where the mask is 1; 0 where there are none."""
    return _mean(x * mask, side) / _mean(mask, side).clamp_min(1e-6)


def _fading(height: int, width: int, box: tuple[int, int, int, int]) -> Tensor:
    """`[h w]`: 1 in a box (top, left, height, width), falling to 0 over `REACH` pixels around it."""
    top, left, high, wide = box
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    below = torch.maximum(top - rows, rows - (top + high - 1))
    beside = torch.maximum(left - columns, columns - (left + wide - 1))
    return (1 - torch.maximum(below, beside).clamp_min(0) / (REACH + 1)).clamp_min(0)
