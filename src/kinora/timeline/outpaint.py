"""More picture around it. In: a clip, a larger size. Out: the clip in the middle of that size.

On the Canvas: the clip's positions at 0, those around them at 1.
"""

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from numpy.typing import NDArray
from pydantic import Field

from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, fill, film, need, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source

REACH = 16
"""Pixels around the clip over which the difference at its border fades."""

GRAIN = 9
"""Side in pixels of the square over which that difference is averaged, lest it be drawn out into streaks."""


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
    """`drawn` with `true` at its place, to the last bit; what was drawn otherwise there fades around it."""
    (height, width), (high, wide) = drawn.shape[1:3], true.shape[1:3]
    weight = torch.from_numpy(_near(height, width, (top, left, high, wide)))
    place = np.s_[top : top + high, left : left + wide]
    done = np.empty_like(drawn)
    for number, (frame, known) in enumerate(zip(drawn, true, strict=True)):
        error = torch.from_numpy(known.astype(np.float32) - frame[place])
        even = F.avg_pool2d(
            rearrange(error, "h w c -> 1 c h w"), GRAIN, stride=1, padding=GRAIN // 2,
            count_include_pad=False,
        )  # fmt: skip
        sides = (left, width - left - wide, top, height - top - high)
        moved = rearrange(F.pad(even, sides, mode="replicate") * weight, "1 c h w -> h w c")
        done[number] = np.clip(np.rint(frame + moved.numpy()), 0, 255)
        done[number][place] = known
    return done


def _near(height: int, width: int, box: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """`[h w]`: how near to a box (top, left, height, width): 1 in it, 0 from `REACH` pixels on."""
    top, left, high, wide = box
    rows, columns = np.arange(height)[:, None], np.arange(width)[None]
    below = np.maximum(top - rows, rows - (top + high - 1)).clip(0)
    beside = np.maximum(left - columns, columns - (left + wide - 1)).clip(0)
    near: NDArray[np.float32] = 1 - np.maximum(below, beside).astype(np.float32) / (REACH + 1)
    return near.clip(0)
