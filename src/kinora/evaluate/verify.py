"""A film that is watched while it is made. In: a request, a judge. Out: latents that keep their words.

After every window the judge checks what the words promised for it. A window that breaks a promise is
dreamt again from other noise and with stronger guidance, a bounded number of times; the best one stays.
Where a model shows more than the world that the judge knows, nothing is checked, and the ledger says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from kinora.caption.answers import UNKNOWN
from kinora.caption.judge import Judge
from kinora.core.clip import Clip, Frames
from kinora.core.config import Config
from kinora.core.progress import OnProgress, Progress, silent
from kinora.core.seed import derive
from kinora.denoise.canvas import Canvas
from kinora.denoise.condition import apply_all
from kinora.denoise.model import FilmModel, Read
from kinora.denoise.stream import decode_after
from kinora.evaluate.ledger import Entry, Told, window
from kinora.generate import Film, Request, decoded, dream, lay_out, settle
from kinora.prompt.unheard import unheard
from kinora.prompt.vocabulary import Vocabulary, load_vocabulary

STRONGER = 1.15
"""Guidance of every further try over that of the one before."""


class Window(Config):
    """How one window came out.

    Args:
        start, end: seconds of the film.
        tries: how often it was dreamt.
        entries: of the one that was kept.
    """

    start: float
    end: float
    tries: int
    entries: tuple[Entry, ...]


class Ledger(Config):
    """Every promise of a film, and what came of it."""

    windows: tuple[Window, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, in the order of time."""
        return tuple(entry for window in self.windows for entry in window.entries)

    @property
    def broken(self) -> tuple[Entry, ...]:
        """Those that the film does not keep."""
        return tuple(entry for entry in self.entries if entry.broken)

    def lines(self) -> tuple[str, ...]:
        """One sentence for every broken promise, and one if any could not be checked."""
        broken = tuple(
            f"{entry.start:g} to {entry.end:g} s: {entry.name} should be {entry.wanted}, "
            f"is {entry.found}"
            for entry in self.broken
        )
        unknown = sum(entry.found == UNKNOWN for entry in self.entries)
        if not unknown:
            return broken
        return (*broken, f"{unknown} promises are not checked: the judge knows no such pictures")


@dataclass(frozen=True, eq=False)
class Watched:
    """A window that is finished: its clean latents `[f c h w]`, and how it came out."""

    latents: Tensor
    window: Window


Remember = Callable[[int, Callable[[], Watched]], Watched]
"""The window of a number, as it was kept or else as it is made now."""


def forget(_number: int, make: Callable[[], Watched]) -> Watched:
    """Every window is made now, and nothing kept."""
    return make()


@dataclass
class _Work:
    """One film in the making."""

    model: FilmModel
    canvas: Canvas
    text: Read
    request: Request
    judge: Judge
    told: Sequence[Told]
    words: Vocabulary
    on_progress: OnProgress
    finished: list[Tensor] = field(default_factory=list)

    def attempt(self, number: int) -> Tensor:
        """The next chunk's latents `[f c h w]`, dreamt for the `number`-th time."""
        assert self.request.guidance is not None
        wish = self.request
        if number:
            # A model that needs no guidance was never taught what guidance would push away from.
            stronger = STRONGER**number if self.request.guidance != 1 else 1.0
            wish = replace(
                wish,
                seed=derive(wish.seed, "again", len(self.finished), number),
                guidance=self.request.guidance * stronger,
            )
        made = dream(
            self.model, self.canvas, self.text, wish,
            finished=self.finished, on_progress=self.on_progress,
        )  # fmt: skip
        return next(iter(made)).latents

    def look(self, latents: Tensor, start: float) -> tuple[float, tuple[Entry, ...]]:
        """The second at which these latents end, and what the judge finds in them."""
        before = torch.cat([latents[:0], *self.finished])
        total = self.model.stride.time * len(latents)
        drawn: list[Frames] = []
        for frames in decode_after(self.model, before, latents):
            drawn.append(frames)
            self.on_progress(Progress("caption", 0, total))
        fps, frames = self.model.capabilities.fps, np.concatenate(drawn)
        end = start + len(frames) / fps
        seen = self.judge.see(Clip(frames, fps), on_progress=self.on_progress)
        return end, window(
            self.told, seen, start=start, end=end, words=self.words,
            worldly=self.model.capabilities.worldly,
        )  # fmt: skip

    def best(self, start: float, tries: int) -> Watched:
        """Dream the next window, look, and dream it again where it is needed."""
        found: list[tuple[int, Tensor, float, tuple[Entry, ...]]] = []
        while len(found) < tries and not any(broken == 0 for broken, *_ in found):
            latents = self.attempt(len(found))
            end, entries = self.look(latents, start)
            found.append((sum(e.broken for e in entries), latents, end, entries))
        _, latents, end, entries = min(found, key=lambda each: each[0])
        return Watched(latents, Window(start=start, end=end, tries=len(found), entries=entries))

    def windows(self, tries: int, remember: Remember) -> Iterator[Window]:
        """One window after the other."""
        start, total = 0.0, len(self.canvas.inside())
        while sum(map(len, self.finished)) < total:
            made = remember(len(self.finished), partial(self.best, start, tries))
            self.finished.append(made.latents)
            yield made.window
            start = made.window.end


def verified(
    model: FilmModel,
    request: Request,
    *,
    judge: Judge,
    tries: int = 3,
    told: Sequence[Told] = (),
    words: Vocabulary | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Film, Ledger]:
    """Make a film and keep it to its words.

    Args:
        model, request, judge, tries, told, words, on_progress: as in `watched`.

    Returns:
        The film, and the ledger of what it kept.
    """
    settled, _, notes = settle(model, request)
    unknown = model.read(settled.prompts, negative=settled.negative).not_understood
    notes += unheard(model, unknown)
    latents, ledger = watched(
        model, settled, judge=judge, tries=tries, told=told, words=words, on_progress=on_progress
    )
    frames = np.concatenate(list(decoded(model, [latents], len(latents), on_progress)))
    film = Film(
        Clip(frames, model.capabilities.fps), latents, settled, notes=notes + ledger.lines()
    )
    return film, ledger


def watched(
    model: FilmModel,
    request: Request,
    *,
    judge: Judge,
    tries: int = 3,
    told: Sequence[Told] = (),
    words: Vocabulary | None = None,
    remember: Remember = forget,
    on_progress: OnProgress = silent,
) -> tuple[Tensor, Ledger]:
    """Dream a film and keep it to its words; nothing but what the judge looks at is decoded.

    Args:
        model: our bundle or published weights.
        request: the wish.
        judge: looks at every window.
        tries: how often a window is dreamt at most; 1 only watches.
        told: which prompt is heard when, if there are several; else the first one throughout.
        words: what the prompts are read with; by default the simulated world's.
        remember: finished windows of a film that was broken off.
        on_progress: told after every step and chunk; may raise to stop.

    Returns:
        Clean latents `[f c h w]`, and the ledger of what they keep.
    """
    settled, shape, _ = settle(model, request)
    text = model.read(settled.prompts, negative=settled.negative)
    work = _Work(
        model, apply_all(lay_out(model, shape), settled.conditions), text, settled, judge,
        told or (Told(settled.prompts[0], 0.0, settled.seconds),),
        words or load_vocabulary(), on_progress,
    )  # fmt: skip
    ledger = Ledger(windows=tuple(work.windows(tries, remember)))
    return torch.cat(work.finished), ledger
