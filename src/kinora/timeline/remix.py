"""The same again, otherwise. In: a clip, a strength. Out: a clip of the same length, reworked.

On the Canvas: every frame at `strength`, with new words.
"""

from typing import Annotated, Literal

from pydantic import Field

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.denoise.condition import Strength
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, fill, film, words
from kinora.timeline.seam import between
from kinora.timeline.source import Source, outside_time, source

STRENGTHS = {"subtle": 0.35, "mild": 0.6, "strong": 0.85}
"""Noise levels by name."""


class Remix(Edit):
    """How much is reworked: by name, or 0 (nothing) to 1 (everything)."""

    strength: Literal["subtle", "mild", "strong"] | Annotated[float, Field(ge=0, le=1)] = "mild"


def remix(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Remix,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """Every frame reworked by `edit.strength`; 0 gives the same latents back."""
    known = source(model, given)
    prompts, text = words(known, edit)
    request = edit.request(model, prompts)
    strength = STRENGTHS[edit.strength] if isinstance(edit.strength, str) else edit.strength
    gap = Strength(known.latents, strength).apply(known.canvas())
    if edit.prompt is not None:
        gap = gap.with_(text=gap.text * 0 + text)
    new = fill(model, request, gap, outside=outside_time(known), on_progress=on_progress)
    frames = between(model, new.latents, on_progress=on_progress)
    return film(model, request, frames, new, given=known)
