"""What every edit shares. In: an edit's frozen values. Out: the film it made, with its recipe.

`fill` is the heart: latent frames that are to be dreamt between latent frames that are held.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from pydantic import ConfigDict, Field
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.config import Config
from kinora.core.errors import UnsupportedError, UsageError
from kinora.core.progress import OnProgress, silent
from kinora.core.prompt import MAX_GUIDANCE
from kinora.core.seed import derive
from kinora.denoise.canvas import Canvas, join
from kinora.denoise.condition import Condition, Reference, View, Words
from kinora.denoise.model import FilmModel
from kinora.denoise.resume import name_of, resumed
from kinora.denoise.stream import CONTEXT, Overlap, Stream, opening
from kinora.flow.solver import Field as Velocity
from kinora.generate import Film, Request, recipe, toothless
from kinora.timeline.source import Source

Mix = Callable[[Tensor], Tensor]
"""Times `[f]` in seconds -> weights `[f]` in 0..1."""

ROOM = 16
"""Latent frames on one canvas of a model that names no limit."""


class Edit(Config):
    """The values that every edit takes.

    Args:
        prompt: new words; those of the source by default.
        negative: what to push away from.
        seed: the same seed makes the same edit.
        steps: solver steps; what the model likes by default.
        guidance: how hard to push towards the words; what the model likes by default.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    prompt: str | None = None
    negative: str = ""
    seed: int = Field(default=0, ge=0)
    steps: int | None = Field(default=None, ge=1)
    guidance: float | None = Field(default=None, gt=0, le=MAX_GUIDANCE)

    def request(self, model: FilmModel, prompts: tuple[str, ...]) -> Request:
        """The settled request of this edit for dreams that listen to `prompts`.

        The noise is of a stream named after the edit: a retake with the film's own seed is another take.
        """
        likes = model.capabilities
        return Request(
            prompts=prompts,
            seed=derive(self.seed, type(self).__name__.lower()),
            steps=self.steps or likes.steps[1],
            guidance=self.guidance or likes.guidance,
            shift=likes.shift,
            negative=self.negative,
        )


def check(value: bool, what: str, *, remedy: str = "") -> None:
    """Raise `UsageError` unless `value`."""
    if not value:
        raise UsageError(what, remedy=remedy)


def words(given: Source, edit: Edit) -> tuple[tuple[str, ...], int]:
    """The prompts of the source with the edit's own behind them, and the number of that one."""
    if edit.prompt is None:
        return given.prompts, int(given.text[-1])
    return (*given.prompts, edit.prompt), len(given.prompts)


def need(model: FilmModel, *, regions: bool = False, views: bool = False) -> None:
    """Raise `UnsupportedError` if the model lacks what an edit rests on."""
    can = model.capabilities
    if can.hold == "native" and can.levels == "clip":
        raise UnsupportedError(f"{model.name} cannot hold some frames while it dreams others")
    if regions and not can.regions:
        raise UnsupportedError(f"{model.name} cannot rework a part of the picture")
    if views and not can.views:
        raise UnsupportedError(
            f"{model.name} knows one camera only",
            remedy="Name a model that was trained with several: --model FOLDER",
        )


def room(model: FilmModel) -> int:
    """Latent frames that may stand on one canvas."""
    limit = model.capabilities.max_frames
    return ROOM if limit is None else (limit - 1) // model.stride.time + 1


def fill(
    model: FilmModel,
    request: Request,
    gap: Canvas,
    *,
    before: Canvas | None = None,
    after: Canvas | None = None,
    outside: Canvas | None = None,
    mix: Mix | None = None,
    on_progress: OnProgress = silent,
) -> Canvas:
    """The gap, dreamt between what is held before and after it.

    What fits is dreamt on one canvas. A longer gap is streamed, and only its end sees what comes after.

    Args:
        model: any film model.
        request: settled: words, seed, steps, guidance, shift.
        gap: latent frames with their levels.
        before: held frames in front; the last few are looked at.
        after: held frames behind; the first few are looked at.
        outside: held frames outside time.
        mix: how far, at a time, prompt 1 has taken over from prompt 0.
        on_progress: told after every step; may raise to stop.
    """
    text = model.read(request.prompts, negative=request.negative)
    assert request.steps and request.guidance, "settled"
    behind = gap[:0] if after is None else after[:CONTEXT]
    space = room(model) - len(behind) - (0 if before is None else min(CONTEXT, len(before)))
    fits = len(gap) <= space
    overlap = Overlap(model, text, request.guidance)
    onward = model.capabilities.streams_only
    if onward and len(behind):
        raise UnsupportedError(
            f"{model.name} sees what came before and nothing that comes later",
            why="it was taught to go on from its own film, block by block",
            remedy="Use a model that was not made for streaming",
        )
    endless = (onward or not fits) and not len(behind)
    voice: Stream = opening(model, text, guidance=request.guidance) if endless else overlap
    for part in (outside, before):
        voice = voice if part is None else voice.after(part)
    last = 0 if endless else len(gap) if fits else max(1, room(model) - CONTEXT - len(behind))
    head = len(gap) - last
    chunks = gap[:head].split(voice.chunk)
    if head < len(gap):
        chunks.append(join([gap[head:], behind]))
    weights = None if mix is None else mix(gap.time)
    parts = resumed(
        chunks,
        voice if mix is None else Mixed(voice, mix),
        name=name_of(recipe(model, request), *chunks, before, outside, weights),
        seed=request.seed,
        schedule=model.schedule(chunks[0], steps=request.steps, shift=request.shift),
        hold=model.capabilities.holding(join(chunks)),
        lead=model.stride.lead,
        on_progress=on_progress,
    )
    return join(list(parts))[: len(gap)]


@dataclass(frozen=True, eq=False)
class Mixed:
    """A stream that listens to two prompts at once, to the second as much as `mix` says."""

    voice: Stream
    mix: Mix

    @property
    def chunk(self) -> int:
        """As the voice's."""
        return self.voice.chunk

    @property
    def context(self) -> Canvas | None:
        """As the voice's."""
        return self.voice.context

    def velocity(self, canvas: Canvas) -> Velocity:
        """(1 - w) of the velocity under prompt 0 and w of that under prompt 1, frame by frame."""
        zero = torch.zeros_like(canvas.text)
        one, two = (self.voice.velocity(canvas.with_(text=zero + i)) for i in (0, 1))
        weight = self.mix(canvas.time)[:, None, None, None]

        def field(x: Tensor, level: Tensor) -> Tensor:
            first = one(x, level)
            w = weight.to(first)
            return first + w * (two(x, level) - first)

        return field

    def after(self, done: Canvas) -> "Mixed":
        """The voice's next state."""
        return replace(self, voice=self.voice.after(done))


def film(
    model: FilmModel,
    request: Request,
    frames: Frames,
    canvas: Canvas,
    *,
    given: Source,
    notes: Sequence[str] = (),
) -> Film:
    """The finished edit: its frames, its latents, and a request that says which frame heard what.

    Args:
        model: the model that dreamt.
        request: settled.
        frames: what is delivered, `[t h w 3]`.
        canvas: clean latents in order.
        given: the source; what was converted for it is told again.
        notes: what else there is to say.
    """
    used = sorted(set(canvas.text.tolist()))
    text = torch.tensor([used.index(number) for number in canvas.text.tolist()])
    conditions: list[Condition] = [
        *(Words(number, start, stop) for number, start, stop in _runs(text)),
        *(View(number, start, stop) for number, start, stop in _runs(canvas.view)),
    ]
    # References of another size, as after outpainting, cannot stand on the new canvas.
    if len(given.references) and given.references.shape[1:] == canvas.latents.shape[1:]:
        conditions.append(Reference(given.references))
    return Film(
        clip=Clip(frames, given.clip.fps),
        latents=canvas.latents,
        request=replace(
            request,
            prompts=tuple(request.prompts[number] for number in used),
            seconds=(len(frames) - 1) / given.clip.fps,
            height=frames.shape[1],
            width=frames.shape[2],
            conditions=tuple(conditions),
        ),
        notes=(*given.told, *notes, *toothless(request.negative, request.guidance)),
    )


def _runs(numbers: Tensor) -> list[tuple[int, int, int]]:
    """Stretches of the same number: the number, where it starts, where it stops; zeros are left out."""
    values = numbers.tolist()
    edges = [0, *(i for i in range(1, len(values)) if values[i] != values[i - 1]), len(values)]
    return [(values[a], a, b) for a, b in pairwise(edges) if values[a]]
