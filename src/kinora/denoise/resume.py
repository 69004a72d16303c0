"""Work that goes on where it was broken off. In: canvases, what decides them. Out: the same, dreamt.

A dream is kept under the hash of everything that decides it, so only the very same dream goes on; so are words
that nobody would write twice. Where it is kept holds for a block, as inference mode does: no edit has to pass it on.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kinora.core.errors import KinoraError
from kinora.core.progress import OnProgress, Progress, silent
from kinora.denoise.canvas import Canvas
from kinora.denoise.checkpoint import Checkpoint, Drawer, Marked, Shelf
from kinora.denoise.loop import Hold
from kinora.denoise.stream import Lead, Stream, no_lead, stream
from kinora.flow.solver import Solver
from kinora.flow.solver.euler import euler

WORDS = ".txt"
"""How names of words end that are kept."""

SECONDS = 2.0
"""How much dreaming a kill may cost."""


@dataclass(frozen=True)
class Keeping:
    """Where unfinished dreams are kept, and how many seconds of one may be lost."""

    shelf: Shelf
    seconds: float = SECONDS


_KEEPING: ContextVar[Keeping | None] = ContextVar("keeping", default=None)


@contextmanager
def keeping(folder: Path, *, seconds: float = SECONDS) -> Iterator[None]:
    """Keep what the block dreams in `folder`; forget it when the block ends well."""
    with keeping_on(Drawer(folder), seconds=seconds):
        yield
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def keeping_on(shelf: Shelf, *, seconds: float = SECONDS) -> Iterator[None]:
    """Keep what the block dreams on `shelf`, whose owner forgets it."""
    token = _KEEPING.set(Keeping(shelf, seconds))
    try:
        yield
    finally:
        _KEEPING.reset(token)


def written_once(name: str, write: Callable[[], str]) -> str:
    """What `write` answers, or answered under this name before the block was broken off."""
    place = _KEEPING.get()
    if place is None:
        return write()
    file = name + WORDS
    if not place.shelf.has(file):
        text = write()
        with place.shelf.making(file) as target:
            target.write_text(text, encoding="utf-8")
    return place.shelf.local(file).read_text(encoding="utf-8")


def name_of(recipe: dict[str, Any], *known: Canvas | Tensor | None) -> str:
    """The hash of everything that decides a dream: plain data, canvases and other tensors."""
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for each in known:
        parts = [] if each is None else [each] if isinstance(each, Tensor) else _tensors(each)
        for part in parts:
            digest.update(str((part.shape, part.dtype)).encode())
            digest.update(part.detach().cpu().contiguous().numpy().tobytes())
        digest.update(b"/")
    return digest.hexdigest()[:16]


def _tensors(canvas: Canvas) -> list[Tensor]:
    return [canvas.latents, canvas.level, canvas.time, canvas.view, canvas.text]


def resumed(
    chunks: Sequence[Canvas],
    voice: Stream,
    *,
    name: str,
    seed: int,
    schedule: Tensor,
    solver: Solver = euler,
    hold: Hold = "native",
    lead: Lead = no_lead,
    on_progress: OnProgress = silent,
) -> Iterator[Canvas]:
    """All canvases of `stream`; those that an earlier process finished come at once.

    Args:
        chunks: consecutive canvases.
        voice: what is known before the first.
        name: of this dream, see `name_of`; it counts only inside `keeping`.
        seed, schedule, solver, hold, lead, on_progress: as in `stream`.
    """
    place = _KEEPING.get()
    options: dict[str, Any] = {
        "seed": seed,
        "schedule": schedule,
        "solver": solver,
        "hold": hold,
        "lead": lead,
    }
    if place is None:
        yield from stream(chunks, voice, on_progress=on_progress, **options)
        return
    steps = len(schedule) - 1
    kept = Checkpoint(Marked(place.shelf, f"{name}-"), steps=steps, seconds=place.seconds)
    finished, begun = kept.found()
    for chunk, latents in zip(chunks, finished, strict=False):
        yield chunk.with_(latents=latents, level=torch.zeros_like(chunk.level))
    listener = _Listener(kept, on_progress)
    rest = stream(chunks, voice, finished=finished, begun=begun, on_progress=listener, **options)
    try:
        for done in rest:
            kept.chunk(done.latents)
            yield done
    except (Exception, KeyboardInterrupt):
        listener.keep()
        raise


class _Listener:
    """Notes every step for the checkpoint before it is told, since whoever is told may stop it all."""

    def __init__(self, kept: Checkpoint, on_progress: OnProgress) -> None:
        self._kept, self._on_progress = kept, on_progress
        self._last: Progress | None = None

    def __call__(self, report: Progress) -> None:
        self._last = report
        self._kept.step(report)
        self._on_progress(report)

    def keep(self) -> None:
        """Keep the last step, however recent the last checkpoint is."""
        # The error that stops the work is the one to tell, even if the disk refuses too.
        if self._last is not None:
            with suppress(KinoraError, OSError):
                self._kept.step(self._last, now=True)
