"""Another beginning, another end. In: a clip, the part to keep, a length. Out: that part, made longer.

On the Canvas: the kept latent frames at 0, new ones at 1 behind them.
"""

from dataclasses import replace

from pydantic import Field

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.core.shape import MAX_SECONDS
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, film
from kinora.timeline.extend import Extend, extend
from kinora.timeline.source import Source, source


class Recut(Edit):
    """What to keep, in seconds, and how long the film shall be in the end."""

    start: float = Field(default=0.0, ge=0, le=MAX_SECONDS)
    stop: float | None = Field(default=None, gt=0, le=MAX_SECONDS)
    seconds: float | None = Field(default=None, gt=0, le=MAX_SECONDS)


def recut(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Recut,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """The part from `start` to `stop`, extended to `seconds`.

    Raises:
        UsageError: the part is empty, or longer than the film shall be.
    """
    known = source(model, given)
    part = trim(known, edit.start, edit.stop, time=model.stride.time)
    if edit.seconds is None:
        request = edit.request(model, part.prompts)
        return film(model, request, part.clip.frames, part.canvas(), given=part)
    more = edit.seconds - part.clip.seconds
    check(
        more > 0,
        f"the part is {part.clip.seconds:g} s long, longer than {edit.seconds:g} s",
        remedy="Keep less, or leave --seconds away",
    )
    values = edit.model_dump(exclude={"start", "stop", "seconds"})
    return extend(model, part, Extend(**values, seconds=more), on_progress=on_progress)


def trim(known: Source, start: float, stop: float | None, *, time: int) -> Source:
    """The latent frames from `start` to `stop` seconds, the first at or before `start`, and their frames.

    The first latent kept gives one frame, the last of those it spans, so the part begins with a frame
    whose number is a multiple of `time`; what that changes is told.
    """
    fps, count = known.clip.fps, len(known)
    first = int(start * fps + 1e-6) // time
    last = count if stop is None else min(count, round((stop * fps - 1) / time) + 1)
    check(
        0 <= first < last,
        f"nothing is left from {start:g} s to {known.clip.seconds if stop is None else stop:g} s",
        remedy=f"The clip is {known.clip.seconds:g} s long",
    )
    frames = known.clip.frames[first * time : (last - 1) * time + 1]
    told = f"kept: {first * time / fps:g} s to {((last - 1) * time + 1) / fps:g} s"
    return replace(
        known,
        clip=Clip(frames, fps),
        latents=known.latents[first:last],
        text=known.text[first:last],
        view=known.view[first:last],
        told=(*known.told, told),
    )
