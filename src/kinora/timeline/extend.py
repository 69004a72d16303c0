"""Longer. In: a clip, seconds. Out: the clip with new frames behind or in front of it.

On the Canvas: known frames at 0, and after or before them new ones at 1.
"""

import numpy as np
import torch
from pydantic import Field

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import Canvas, join
from kinora.denoise.model import FilmModel
from kinora.denoise.stream import CONTEXT
from kinora.generate import Film, Request
from kinora.timeline.edit import Edit, fill, film, room, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source


class Extend(Edit):
    """How much longer, and at which end."""

    seconds: float = Field(gt=0, le=3600)
    backward: bool = False


def extend(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Extend,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """The clip, every frame of it as it is, with `edit.seconds` more at one end.

    Raises:
        UsageError: a still has no motion that could be followed backward.
    """
    known = source(model, given)
    prompts, text = words(known, edit)
    request = edit.request(model, prompts)
    count = max(1, round(edit.seconds / known.step))
    make = _backward if edit.backward else _forward
    return make(model, known, request, count=count, text=text, tell=on_progress)


def _forward(
    model: FilmModel, known: Source, request: Request, *, count: int, text: int, tell: OnProgress
) -> Film:
    """Behind a card the scene goes on unseen: those frames are dreamt too, and the card is shown in their place."""
    whole = known.canvas()
    shown = whole[: known.showing()]
    unseen = len(whole) - len(shown)
    gap = known.fresh(unseen + count, at=len(shown), text=text, view=int(whole.view[-1]))
    dreamt = fill(model, request, gap, before=shown, outside=outside_time(known), on_progress=tell)
    new = dreamt[unseen:]
    frames = between(
        model,
        new.latents,
        before=join([shown, dreamt[:unseen]]).latents,
        leaving=None if unseen else known.clip.frames[-1],
        own=(known.clip.frames,),
        on_progress=tell,
    )
    frames = np.concatenate([known.clip.frames, frames])
    notes = ("the end of the film shows nothing: it goes on from what was seen before",)
    return film(
        model, request, frames, join([whole, new]), given=known, notes=notes if unseen else ()
    )


def _backward(
    model: FilmModel, known: Source, request: Request, *, count: int, text: int, tell: OnProgress
) -> Film:
    """The latent of the first frame alone is dreamt anew: in a longer clip it spans four frames."""
    held = known.moving("be extended backward").canvas()[1:]
    text = text if len(request.prompts) > len(known.prompts) else int(known.text[0])
    new = _before(model, known, request, count=count, text=text, tell=tell)
    old = known.clip.frames
    frames = between(model, new.latents, landing=old[0], own=(old,), on_progress=tell)
    whole = np.concatenate([frames, old[1:]])
    shifted = join([new, held])
    time = known.step * torch.arange(len(shifted), dtype=torch.float32)
    return film(model, request, whole, shifted.with_(time=time), given=known)


def _before(
    model: FilmModel, known: Source, request: Request, *, count: int, text: int, tell: OnProgress
) -> Canvas:
    """`count` latent frames and the one in the place of the clip's first, dreamt from the end on.

    Each window but the earliest begins in the middle of the film, where no frame may look like the
    first of a clip: one more is dreamt there and thrown away.
    """
    done, at = known.canvas()[1:], 1
    while at > -count:
        size = min(room(model) - CONTEXT - 1, at + count)
        begins = at - size <= -count
        frames, start, view = size + (not begins), at - size - (not begins), int(known.view[0])
        gap = known.fresh(frames, at=start, text=text, view=view)
        new = fill(model, request, gap, after=done, outside=outside_time(known), on_progress=tell)
        done, at = join([new[0 if begins else 1 :], done]), at - size
    return done[: count + 1]
