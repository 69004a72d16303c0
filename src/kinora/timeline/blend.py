"""From one into the other. In: two clips. Out: the first, a bridge, the second.

On the Canvas: the tail of A at 0, a bridge at 1, the head of B at 0; the words cross-fade.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import join
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.edit import Edit, check, fill, film
from kinora.timeline.seam import between
from kinora.timeline.source import Source, matched, outside_time, with_references

CURVES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda u: u,
    "smooth": lambda u: u * u * (3 - 2 * u),
    "early": torch.sqrt,
    "late": torch.square,
    "sudden": lambda u: (u > 0.5).to(u),
}
"""How far B has taken over, for a point 0..1 of the bridge."""


class Blend(Edit):
    """How long the bridge is, and how the one gives way to the other."""

    seconds: float = Field(default=2.0, gt=0, le=60)
    curve: Literal["linear", "smooth", "early", "late", "sudden"] = "smooth"


def blend(
    model: FilmModel,
    first: Film | Clip | Source,
    second: Film | Clip | Source,
    edit: Blend,
    *,
    on_progress: OnProgress = silent,
) -> Film:
    """A, a bridge, B: every frame of both clips as it is.

    New words in `edit.prompt` are heard on the bridge instead of the cross-fade. A clip without latents is
    brought to the size of the other one, and that is told.

    Raises:
        UsageError: two films with latents differ in size, or the second clip is a still.
    """
    a, b = matched(model, first, second)
    b = b.moving("be blended into")
    check(
        a.latents.shape[1:] == b.latents.shape[1:],
        f"a clip of {a.clip.width}x{a.clip.height} cannot be blended into one of "
        f"{b.clip.width}x{b.clip.height}",
        remedy="Make both of one size first with: kinora edit FILE --outpaint WIDTHxHEIGHT",
    )
    count = max(1, round(edit.seconds / a.step))
    spoken = (a.prompts[int(a.text[-1])], b.prompts[int(b.text[0])])
    request = edit.request(model, spoken if edit.prompt is None else (edit.prompt,))
    gap = a.fresh(count, at=len(a), view=int(a.view[-1]))
    times = gap.time[[0, -1]] + torch.tensor([-a.step, 0.0])
    mix = None if edit.prompt is not None else _curve(edit, times)
    tail, head = (canvas.with_(text=canvas.text * 0) for canvas in (a.canvas(), b.canvas()[1:]))
    known = with_references(a, b.references)
    new = fill(
        model, request, gap, before=tail, after=head.with_(time=head.time + times[1]),
        outside=outside_time(known), mix=mix, on_progress=on_progress,
    )  # fmt: skip
    frames = between(
        model,
        new.latents,
        before=a.latents,
        leaving=a.clip.frames[-1],
        landing=b.clip.frames[0],
        own=(a.clip.frames, b.clip.frames),
        on_progress=on_progress,
    )
    whole = np.concatenate([a.clip.frames, frames, b.clip.frames[1:]])
    return _told(model, edit, frames=whole, clips=(a, b), bridge=new.latents, known=known)


def _curve(edit: Blend, times: Tensor) -> Callable[[Tensor], Tensor]:
    begin, end = times.tolist()

    def mix(time: Tensor) -> Tensor:
        return CURVES[edit.curve](((time - begin) / (end - begin)).clamp(0, 1))

    return mix


def _told(
    model: FilmModel,
    edit: Blend,
    *,
    frames: Frames,
    clips: tuple[Source, Source],
    bridge: Tensor,
    known: Source,
) -> Film:
    """Each half of the bridge belongs to the clip it is nearer to."""
    a, b = clips
    prompts = (*a.prompts, *b.prompts)
    new = a.fresh(len(bridge), at=len(a), view=int(a.view[-1])).with_(latents=bridge)
    text = torch.full((len(bridge),), int(a.text[-1]))
    text[len(bridge) // 2 :] = len(a.prompts) + int(b.text[0])
    if edit.prompt is not None:
        prompts, text = (*prompts, edit.prompt), torch.full_like(text, len(prompts))
    tail = b.canvas()[1:].with_(text=b.text[1:] + len(a.prompts))
    canvas = join([a.canvas(), new.with_(text=text), tail])
    return film(model, edit.request(model, prompts), frames, canvas, given=known, notes=b.told)
