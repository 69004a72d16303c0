"""A film without end. In: canvases one after the other, a voice. Out: the same canvases, dreamt, as they come.

A `Stream` knows what went before: either a model's own bounded memory, or, for models that have none,
the last few frames, held on every next canvas. The loop cannot tell them apart.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.denoise.canvas import Canvas, join
from kinora.denoise.loop import Begun, Hold, denoise
from kinora.denoise.model import FilmModel, Read
from kinora.flow.solver import Field, Solver, placed
from kinora.flow.solver.euler import euler

WINDOW = 9
"""Latent frames on one canvas when the model names no limit."""

CONTEXT = 4
"""Held latent frames in front of a window."""


PART = 3
"""Latent frames decoded at once."""


Lead = Callable[[int], int]
"""How many frames stand in front of a canvas of so many."""


def no_lead(frames: int) -> int:
    """What most models need."""
    del frames
    return 0


@runtime_checkable
class Stream(Protocol):
    """What is known of the film so far; immutable, `after` returns the next state."""

    @property
    def chunk(self) -> int:
        """Latent frames to dream at once."""
        ...

    @property
    def context(self) -> Canvas | None:
        """Held frames that stand on every next canvas, before its own."""
        ...

    def velocity(self, canvas: Canvas) -> Field:
        """The velocity of a canvas that begins with `context`."""
        ...

    def after(self, done: Canvas) -> "Stream":
        """The state once these clean frames have been seen."""
        ...


@runtime_checkable
class Streams(Protocol):
    """A model with a memory of its own."""

    def begin(self, text: Read, *, guidance: float) -> Stream:
        """The state before the first frame."""
        ...


@runtime_checkable
class DrawsOn(Protocol):
    """A model whose decoder goes on where it was."""

    def decode_parts(self, parts: Iterable[Tensor]) -> Iterator[Frames]:
        """Frames of consecutive latents, the decoder going on from one part to the next."""
        ...


WARM = 4
"""Latent frames that a decoder reads before those that are wanted of it."""


def window(model: FilmModel) -> int:
    """Latent frames on one canvas of this model."""
    limit = model.capabilities.max_frames
    if limit is None:
        return WINDOW
    return max(CONTEXT + 1, (limit - 1) // model.stride.time + 1)


@dataclass(frozen=True, eq=False)
class Overlap:
    """Windows that overlap, for models without a memory.

    Args:
        model: any film model.
        text: what it heard.
        guidance: guidance scale.
        outside: frames outside time, held on every window.
        recent: the last frames so far, held on the next window.
    """

    model: FilmModel
    text: Read
    guidance: float
    outside: Canvas | None = None
    recent: Canvas | None = None

    @property
    def chunk(self) -> int:
        """Latent frames to dream at once: what the window leaves beside the context."""
        return window(self.model) - CONTEXT

    @property
    def context(self) -> Canvas | None:
        """References and the last few frames."""
        parts = [part for part in (self.outside, self.recent) if part is not None]
        return join(parts) if parts else None

    def velocity(self, canvas: Canvas) -> Field:
        """The model's own."""
        return self.model.velocity(canvas, self.text, guidance=self.guidance)

    def after(self, done: Canvas) -> "Overlap":
        """Keep the last `CONTEXT` frames, and everything that is outside time."""
        inside, outside = done.inside(), done.outside()
        known = inside if self.recent is None else join([self.recent, inside])
        return replace(
            self,
            outside=self.outside if not len(outside) else outside,
            recent=known[-CONTEXT:] if len(known) else None,
        )


def opening(model: FilmModel, text: Read, *, guidance: float) -> Stream:
    """The model's own memory if it was trained for one, else overlapping windows."""
    if model.capabilities.causal and isinstance(model, Streams):
        return model.begin(text, guidance=guidance)
    return Overlap(model, text, guidance)


def stream(
    chunks: Sequence[Canvas],
    voice: Stream,
    *,
    seed: int,
    schedule: Tensor,
    finished: Sequence[Tensor] = (),
    begun: Begun | None = None,
    solver: Solver = euler,
    hold: Hold = "native",
    lead: Lead = no_lead,
    on_progress: OnProgress = silent,
) -> Iterator[Canvas]:
    """Dream canvas after canvas; each is yielded as soon as it is clean.

    Args:
        chunks: consecutive canvases; held frames on them stay as they are.
        voice: what is known before the first.
        seed: of the noise; a frame's noise depends on its number in the film alone.
        schedule: levels from 1 to 0.
        finished: clean latents of the first canvases, if the work was broken off after them.
        begun: where the canvas after those stood.
        solver: one integration step.
        hold: how the model keeps known frames, see `denoise`.
        lead: frames that are dreamt in front of so many and dropped, see `Stride.lead`.
        on_progress: told after every step of every canvas; may raise to stop.

    Yields:
        Every canvas that was not `finished`.
    """
    steps, start = len(schedule) - 1, 0
    for number, chunk in enumerate(chunks):
        if number < len(finished):
            done = chunk.with_(latents=finished[number], level=torch.zeros_like(chunk.level))
        else:
            done = _dreamt(
                chunk, voice, start=start, seed=seed, schedule=schedule, begun=begun,
                solver=solver, hold=hold, lead=lead,
                on_progress=_shifted(on_progress, number * steps, len(chunks) * steps),
            )  # fmt: skip
            begun = None
            yield done
        start += len(chunk)
        # After the last canvas nobody asks what the stream remembers.
        voice = voice.after(done) if number + 1 < len(chunks) else voice


def _dreamt(
    chunk: Canvas,
    voice: Stream,
    *,
    start: int,
    seed: int,
    schedule: Tensor,
    begun: Begun | None,
    solver: Solver,
    hold: Hold,
    lead: Lead,
    on_progress: OnProgress,
) -> Canvas:
    """One canvas behind what the voice holds on it; `start` is the number of its first frame."""
    context = voice.context
    canvas = chunk if context is None else join([context, chunk])
    canvas = led(canvas, frames=lead(len(canvas)))
    known = len(canvas) - len(chunk)
    noise = chunk.noise(seed, start=start)
    if known:
        noise = torch.cat([canvas[:known].noise(seed, start=-known), noise])
    return denoise(
        canvas,
        voice.velocity(canvas),
        noise=noise,
        schedule=schedule,
        solver=placed(solver, seed=seed, start=start - known),
        hold=hold,
        begun=begun,
        on_progress=on_progress,
    )[known:]


def led(canvas: Canvas, *, frames: int) -> Canvas:
    """The canvas with so many frames in front on which everything is still to be dreamt."""
    first = canvas[:1]
    empty = first.with_(latents=torch.zeros_like(first.latents), level=torch.ones_like(first.level))
    return join([*[empty] * frames, canvas]) if frames else canvas


def _shifted(on_progress: OnProgress, done: int, total: int) -> OnProgress:
    """Reports of one canvas as reports of the whole film."""

    def tell(progress: Progress) -> None:
        on_progress(replace(progress, done=progress.done + done, total=max(total, progress.total)))

    return tell


def decode_after(model: FilmModel, before: Tensor, latents: Tensor) -> Iterator[Frames]:
    """Frames of `latents` as they follow `before`; both `[f c h w]`.

    The decoder's causal memory is warmed by the last `WARM` of `before`, whose frames are dropped.
    """
    warm = before[-WARM:]
    skip = model.stride.pixel_frames(len(warm)) if len(warm) else 0
    for frames in model.decode(torch.cat([warm.to(latents), latents])):
        wanted = frames[skip:]
        skip = max(0, skip - len(frames))
        if len(wanted):
            yield wanted


def decode_parts(model: FilmModel, parts: Iterable[Tensor]) -> Iterator[Frames]:
    """Frames of consecutive latents as they come, as if they were decoded at once."""
    if isinstance(model, DrawsOn):
        yield from model.decode_parts(
            part[at : at + PART] for part in parts for at in range(0, len(part), PART)
        )
        return
    before: Tensor | None = None
    for part in parts:
        known = part[:0] if before is None else before
        yield from decode_after(model, known, part)
        before = torch.cat([known, part])[-WARM:]
