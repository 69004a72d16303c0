"""Once more from here to there. In: a clip, a time window. Out: the clip with that window made anew.

On the Canvas: one time window at 1, the rest at 0.
"""

import numpy as np
from pydantic import Field

from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, silent
from kinora.core.shape import MAX_SECONDS
from kinora.denoise.canvas import Canvas, join
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, fill, film, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source


class Retake(Edit):
    """The window in seconds; the whole rest of the clip without `stop`."""

    start: float = Field(ge=0, le=MAX_SECONDS)
    stop: float | None = Field(default=None, gt=0, le=MAX_SECONDS)


def retake(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Retake,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """The clip with the latent frames that touch the window dreamt again, all other frames as they are.

    Raises:
        UsageError: the window is empty or lies outside the clip.
    """
    known = source(model, given)
    first, last = window(known, edit.start, edit.stop, model.stride.time)
    prompts, text = words(known, edit)
    request = edit.request(model, prompts)
    held = known.canvas()
    gap = held[first:last].with_(level=held.level[first:last] + 1)
    if edit.prompt is not None:
        gap = gap.with_(text=gap.text * 0 + text)
    new = fill(
        model, request, gap, before=held[:first] if first else None,
        after=held[last:] if last < len(held) else None,
        outside=outside_time(known), on_progress=on_progress,
    )  # fmt: skip
    frames, note = replaced(model, known, new, first, on_progress)
    whole = join([held[:first], new, held[last:]])
    return film(model, request, frames, whole, given=known, notes=(note,))


def window(known: Source, start: float, stop: float | None, time: int) -> tuple[int, int]:
    """The latent frames `first` to `last` (exclusive) that a window in seconds touches."""
    fps, frames = known.clip.fps, len(known.clip)
    begin, end = round(start * fps), frames if stop is None else round(stop * fps)
    check(
        0 <= begin < min(end, frames),
        f"there is nothing from {start:g} s to {end / fps:g} s",
        remedy=f"The clip is {known.clip.seconds:g} s long",
    )
    end = min(end, frames)
    return (begin + time - 1) // time, (end - 1 + time - 1) // time + 1


def replaced(
    model: FilmModel, known: Source, new: Canvas, first: int, on_progress: OnProgress
) -> tuple[Frames, str]:
    """The source's frames with those of `new`, which stands from latent `first` on, in their place."""
    time, old = model.stride.time, known.clip.frames
    start = max(0, (first - 1) * time + 1)
    last = first + len(new)
    stop = model.stride.pixel_frames(last)
    more = last < len(known)
    frames = between(
        model,
        new.latents,
        before=known.latents[:first] if first else None,
        after=known.latents[last:] if more else None,
        leaving=old[start - 1] if first else None,
        landing=old[stop] if more else None,
        own=(old,),
        on_progress=on_progress,
    )
    fps = known.clip.fps
    note = f"made anew: {start / fps:g} s to {stop / fps:g} s"
    return np.concatenate([old[:start], frames, old[stop:]]), note
