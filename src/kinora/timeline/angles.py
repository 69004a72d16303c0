"""The same moment from elsewhere. In: a clip, cameras. Out: one clip for each camera, in step.

On the Canvas: the clip's frames at 0, and frames at 1 with the same times and another view.
"""

from pydantic import Field, field_validator

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.core.view import VIEWS, ViewIndex
from kinora.denoise.canvas import Canvas, join
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request
from kinora.timeline.edit import Edit, check, fill, film, need, room, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source


class Angles(Edit):
    """The cameras wanted, by name or number: see `core.view`."""

    views: tuple[ViewIndex, ...] = Field(default=(1,), min_length=1)

    @field_validator("views")
    @classmethod
    def _each_once(cls, views: tuple[int, ...]) -> tuple[int, ...]:
        for view in views:
            if views.count(view) > 1:
                raise ValueError(f"{_named(view)} is named twice, and would be one film twice")
        return views


def angles(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Angles,
    *,
    on_progress: OnProgress = silent,
) -> tuple[Film, ...]:
    """One film for each view, frame by frame at the same times as the clip.

    Raises:
        UnsupportedError: the model knows one camera only.
        UsageError: a camera is the one that the clip is seen from already.
    """
    need(model, views=True)
    known = source(model, given)
    for view in edit.views:
        check(
            bool((known.view != view).any()),
            f"the film is seen from {_named(view)} already",
            remedy=f"Others are {', '.join(name for name in VIEWS if name != VIEWS[view])}",
        )
    prompts, text = words(known, edit)
    request = edit.request(model, prompts)
    films = []
    for view in edit.views:
        blank = known.fresh(len(known), at=0, view=view)
        blank = blank.with_(text=known.text if edit.prompt is None else blank.text + text)
        new = _seen(model, request, known, blank, on_progress)
        frames = between(model, new.latents, on_progress=on_progress)
        films.append(
            film(model, request, frames, new, given=known, notes=(f"view {_named(view)}",))
        )
    return tuple(films)


def _named(view: int) -> str:
    return f"{VIEWS[view]} ({view})"


def _seen(
    model: FilmModel, request: Request, known: Source, blank: Canvas, on_progress: OnProgress
) -> Canvas:
    """The blank frames, dreamt beside the clip's; a long clip in parts that overlap by one frame."""
    size, overlap = room(model) // 2, 1
    done = blank[:0]
    while len(done) < len(blank):
        start = max(0, len(done) - overlap)
        part = slice(start, start + size)
        old = done[start:]
        gap = join([known.canvas()[part], old, blank[len(done) : start + size]])
        new = fill(model, request, gap, outside=outside_time(known), on_progress=on_progress)
        done = join([done, new[len(known.canvas()[part]) + len(old) :]])
    return done
