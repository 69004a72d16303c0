"""Round and round. In: a clip. Out: the clip and a bridge from its last frame back to its first.

On the Canvas: the clip's tail at 0, a bridge at 1, the clip's head at 0; time wraps.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import join
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, fill, film, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source

BRIDGES = {"short": 2, "normal": 4, "long": 8}
"""Latent frames of a bridge."""


class Loop(Edit):
    """How long the way back is: by name, or in seconds."""

    bridge: Literal["short", "normal", "long"] | Annotated[float, Field(gt=0, le=3600)] = "normal"


def loop(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Loop,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """The clip, every frame of it as it is, and a bridge after which it may start again.

    Raises:
        UsageError: the clip is a still, or shorter than the bridge.
    """
    known = source(model, given).moving("be looped")
    count = latent_frames(edit.bridge, step=known.step)
    seconds = count * known.step
    check(
        seconds <= known.clip.seconds,
        f"a bridge of {seconds:g} s is longer than the clip of {known.clip.seconds:g} s",
        remedy="Try --bridge short, or extend the clip first",
    )
    prompts, text = words(known, edit)
    request = edit.request(model, prompts)
    held = known.canvas()
    gap = known.fresh(count, at=len(held), text=text, view=int(held.view[-1]))
    around = held[1:].with_(time=held.time[1:] + float(gap.time[-1]))
    new = fill(
        model, request, gap, before=held, after=around,
        outside=outside_time(known), on_progress=on_progress,
    )  # fmt: skip
    frames = between(
        model,
        new.latents,
        before=held.latents,
        leaving=known.clip.frames[-1],
        landing=known.clip.frames[0],
        own=(known.clip.frames,),
        arriving=50,
        on_progress=on_progress,
    )
    # The bridge's own last frame is the clip's first: it is shown when the loop starts again.
    whole = np.concatenate([known.clip.frames, frames[:-1]])
    return film(model, request, whole, join([held, new]), given=known)


def latent_frames(bridge: str | float, *, step: float) -> int:
    """How many latent frames a bridge of this name or of so many seconds has."""
    return BRIDGES[bridge] if isinstance(bridge, str) else max(1, round(bridge / step))
