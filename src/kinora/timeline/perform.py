"""Any edit by its values. In: an edit, films or pictures. Out: the films it makes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.core.shape import PixelShape
from kinora.denoise.model import FilmModel
from kinora.estimate.film import Wish
from kinora.estimate.predict import fitted_windows
from kinora.generate import Film
from kinora.media.read import read
from kinora.timeline.angles import Angles, angles
from kinora.timeline.animate import Animate, Picture, keyframes
from kinora.timeline.blend import Blend, blend
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend, extend
from kinora.timeline.loop import Loop, loop
from kinora.timeline.outpaint import Outpaint, outpaint
from kinora.timeline.recut import Recut, recut
from kinora.timeline.region import Change, Mask, change, mask_of
from kinora.timeline.remix import Remix, remix
from kinora.timeline.retake import Retake, retake
from kinora.timeline.source import (
    Source,
    matched,
    natural_size,
    source,
    with_references,
    with_words,
)

EDITS = (Angles, Animate, Blend, Change, Extend, Loop, Outpaint, Recut, Remix, Retake)
"""The values of every edit that `perform` makes."""

IN_STEP = (Angles, Change, Outpaint, Remix, Retake)
"""Those whose film has as many frames as what they change: of a still they make a still."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Characters to look at.

    Args:
        latents: `[n c h w]`, of the size of the film that is made.
        alone: whether those that the films themselves looked at are left out.
    """

    latents: Tensor
    alone: bool = False


def perform(
    model: FilmModel,
    edit: Edit,
    films: Sequence[Film | Clip],
    *,
    times: Sequence[float] = (),
    mask: Path | None = None,
    of: tuple[int, int] | None = None,
    seen: Looks | None = None,
    words: Sequence[str] = (),
    on_progress: OnProgress = silent,
) -> tuple[Film, ...]:
    """The films that an edit makes: one, or one for each view of `Angles`.

    Args:
        model, edit, films, times, mask, of, seen, words: as in `laid_out`.
        on_progress: told after every step and chunk.
    """
    bench = laid_out(model, edit, films, times=times, mask=mask, of=of, seen=seen, words=words)
    return bench.make(edit, on_progress=on_progress)


@dataclass(frozen=True, eq=False)
class Bench:
    """What an edit is made from, opened once for any number of takes.

    Args:
        model: any film model.
        given: the films that are edited; none if it is pictures.
        pictures: of `Animate`, with their times.
        looks: `[n c h w]` characters that a film from pictures looks at.
        where: the region of a `Change`.
        of: height and width of the picture that its box and mask are drawn on.
    """

    model: FilmModel
    given: tuple[Source, ...] = ()
    pictures: tuple[Picture, ...] = ()
    looks: Tensor | None = None
    where: Mask | None = None
    of: tuple[int, int] | None = None

    def make(self, edit: Edit, *, on_progress: OnProgress = silent) -> tuple[Film, ...]:
        """The films that an edit of this kind makes."""
        if isinstance(edit, Animate):
            film = keyframes(
                self.model, self.pictures, edit, references=self.looks, on_progress=on_progress
            )
            return (film,)
        return act(
            self.model, edit, self.given, where=self.where, of=self.of, on_progress=on_progress
        )


def laid_out(
    model: FilmModel,
    edit: Edit,
    films: Sequence[Film | Clip],
    *,
    times: Sequence[float] = (),
    mask: Path | None = None,
    of: tuple[int, int] | None = None,
    seen: Looks | None = None,
    words: Sequence[str] = (),
) -> Bench:
    """Everything that an edit needs beside its values.

    Args:
        model: any film model.
        edit: the values of one of `EDITS`.
        films: what is edited: two for `Blend`, any number of pictures for `Animate`, else one.
        times: seconds at which pictures are shown; all at the beginning by default.
        mask: a picture of the region to change.
        of: as in `change`; the size of the first film by default.
        seen: characters to look at.
        words: of each film, instead of those it carries; empty ones leave it as it is.
    """
    if isinstance(edit, Animate):
        when = times or [0.0] * len(films)
        pictures = tuple(Picture(_clip(each), at) for each, at in zip(films, when, strict=True))
        return Bench(model, pictures=pictures, looks=None if seen is None else seen.latents)
    where = None if mask is None else mask_of(read(mask, most=1).clip)
    of = of or (_clip(films[0]).height, _clip(films[0]).width)
    given = _sources(model, films, seen)
    for number, said in enumerate(words):
        given[number] = with_words(given[number], said)
    return Bench(model, given=tuple(given), where=where, of=of)


def act(
    model: FilmModel,
    edit: Edit,
    given: Sequence[Source],
    *,
    where: Mask | None = None,
    of: tuple[int, int] | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Film, ...]:
    """The films that any edit but `Animate` makes of sources; `where` and `of` are those of a `Change`."""
    match edit:
        case Angles():
            return angles(model, given[0], edit, on_progress=on_progress)
        case Blend():
            return (blend(model, given[0], given[1], edit, on_progress=on_progress),)
        case Change():
            made = change(model, given[0], edit, mask=where, of=of, on_progress=on_progress)
            return (made,)
        case Extend():
            return (extend(model, given[0], edit, on_progress=on_progress),)
        case Loop():
            return (loop(model, given[0], edit, on_progress=on_progress),)
        case Outpaint():
            return (outpaint(model, given[0], edit, on_progress=on_progress),)
        case Recut():
            return (recut(model, given[0], edit, on_progress=on_progress),)
        case Remix():
            return (remix(model, given[0], edit, on_progress=on_progress),)
        case Retake():
            return (retake(model, given[0], edit, on_progress=on_progress),)
        case _:
            raise AssertionError(type(edit))


def size_of(model: FilmModel, edit: Edit, films: Sequence[Film | Clip]) -> tuple[int, int]:
    """`(height, width)` of the film that an edit makes."""
    # A blend has the size of whichever film has latents, see `matched`.
    fixed = next((each for each in films if isinstance(each, Film)), films[0])
    clip = _clip(fixed if isinstance(edit, Blend) else films[0])
    height, width = natural_size(model, clip.height, clip.width)
    high, wide = getattr(edit, "height", None), getattr(edit, "width", None)
    stride = model.stride
    return stride.snap_side(high or height), stride.snap_side(wide or width)


def placed(model: FilmModel, edit: Edit, films: Sequence[Film | Clip]) -> FilmModel:
    """The model where this edit fits: published weights may be larger than the device.

    Raises:
        OutOfMemoryError: no placement fits; with what would.
    """
    likes, (height, width) = model.capabilities, size_of(model, edit, films)
    kept = 0.0 if isinstance(edit, Animate) else max(_clip(each).seconds for each in films)
    seconds = kept + (getattr(edit, "seconds", None) or 0.0)
    shape = model.stride.snap(PixelShape(round(seconds * likes.fps) + 1, height, width))
    steps, guidance = edit.steps or likes.steps[1], edit.guidance or likes.guidance
    return fitted_windows(model, Wish(shape, steps, guidance))


def _clip(given: Film | Clip) -> Clip:
    return given if isinstance(given, Clip) else given.clip


def _sources(model: FilmModel, films: Sequence[Film | Clip], seen: Looks | None) -> list[Source]:
    """The films as sources, the first of which brings the characters to look at."""
    given = [source(model, films[0])] if len(films) == 1 else [*matched(model, *films)]
    if seen is None:
        return given
    if seen.alone:
        given = [replace(each, references=each.references[:0]) for each in given]
    return [with_references(given[0], seen.latents), *given[1:]]
