"""More picture around it. In: a clip, a larger size. Out: the clip in the middle of that size.

On the Canvas: the clip's positions at 0, those around them at 1.
"""

import torch
from pydantic import Field

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, fill, film, need, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source


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
    frames = between(model, new.latents, on_progress=on_progress)
    rows = slice(top * space, top * space + clip.height)
    frames[:, rows, left * space : left * space + clip.width] = clip.frames
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
