"""An edit that is dreamt again until it keeps its words. In: a wish. Out: the best of its takes.

A film from words is watched window by window, see `kinora.serve.jobs.watching`; of an edit all that is new is
watched at once. Every take is kept, so that a killed worker goes on with the next one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip, Frames
from kinora.core.config import Config
from kinora.core.progress import OnProgress
from kinora.core.seed import derive
from kinora.denoise.model import FilmModel
from kinora.evaluate.ledger import Told, window
from kinora.evaluate.verify import STRONGER, Ledger, Window
from kinora.generate import Film
from kinora.prompt.vocabulary import load_vocabulary
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.wish import Wish
from kinora.serve.reel import Reel, read_reel, reel_of
from kinora.timeline.edit import room

Span = tuple[int, int]
"""Frames from the first to the last (exclusive)."""


@dataclass(frozen=True, eq=False)
class Eye:
    """Whoever looks at what is new in a film.

    Args:
        model: whose rate the frames have; a window has as many as it dreams at once.
        judge: tells what is seen.
        tell: told of every look; may raise to stop.
    """

    model: FilmModel
    judge: Judge
    tell: OnProgress

    def look(self, frames: Frames, told: Sequence[Told], *, first: int) -> tuple[Window, ...]:
        """The windows of new frames `[t h w 3]`, and what each keeps of what was told.

        Args:
            frames: in a row.
            told: every prompt of the film, in order.
            first: number in the film of the first of these frames.
        """
        fps, words = self.model.capabilities.fps, load_vocabulary()
        size = self.model.stride.time * room(self.model)
        found = []
        for at in range(0, len(frames), size):
            shown = frames[at : at + size]
            seen = self.judge.see(Clip(shown, fps), on_progress=self.tell)
            start, end = (first + at) / fps, (first + at + len(shown)) / fps
            entries = window(told, seen, start=start, end=end, words=words)
            found.append(Window(start=start, end=end, tries=1, entries=entries))
        return tuple(found)


def after(windows: Sequence[Window], *, tries: int) -> tuple[Window, ...]:
    """The windows of the best of so many tries."""
    return tuple(each.model_copy(update={"tries": tries}) for each in windows)


class Account(Config):
    """What came out of a take, and what there is to say of how it was made."""

    ledger: Ledger
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Take:
    """One of several."""

    reel: Reel
    told: Account


def best_take(
    model: FilmModel,
    wish: Wish,
    *,
    make: Callable[[Wish], Film],
    new: Callable[[int], Span],
    kept: Kept,
    tell: OnProgress,
) -> Take:
    """The first take of an edit that keeps every word, or of all allowed ones the one that breaks the fewest.

    Args:
        model: any film model.
        wish: with `tries`.
        make: the film of a wish.
        new: what is new in a film of so many frames; nothing else is looked at.
        kept: where takes are kept.
        tell: told of every look; may raise to stop.
    """
    eye = Eye(model, load_judge(), tell)
    found: list[Take] = []
    while len(found) < wish.tries and not any(not take.told.ledger.broken for take in found):
        found.append(_take(eye, wish, len(found), make=make, new=new, kept=kept))
    best = min(found, key=lambda take: len(take.told.ledger.broken))
    windows = after(best.told.ledger.windows, tries=len(found))
    return Take(best.reel, best.told.model_copy(update={"ledger": Ledger(windows=windows)}))


def _take(
    eye: Eye,
    wish: Wish,
    number: int,
    *,
    make: Callable[[Wish], Film],
    new: Callable[[int], Span],
    kept: Kept,
) -> Take:
    name, account = f"take-{number}.safetensors", f"take-{number}.json"
    if kept.has(account):
        told = Account.model_validate_json(kept.local(account).read_bytes())
        return Take(read_reel(kept.local(name)), told)
    film = make(otherwise(eye.model, wish, number))
    reel, frames = reel_of(eye.model, film), film.clip.frames
    first, last = new(len(frames))
    windows = eye.look(frames[first:last], heard(eye.model, reel), first=first)
    told = Account(ledger=Ledger(windows=windows), notes=film.notes)
    with kept.making(name) as target:
        reel.write(target)
    with kept.making(account) as target:
        target.write_text(told.model_dump_json(), encoding="utf-8")
    return Take(reel, told)


def otherwise(model: FilmModel, wish: Wish, number: int) -> Wish:
    """The wish of the take `number`: other noise and stronger guidance after the first, which is the wish itself."""
    if not number:
        return wish
    guidance = wish.guidance or model.capabilities.guidance
    # A model that needs no guidance was never taught what guidance would push away from.
    stronger = guidance if guidance == 1 else guidance * STRONGER**number
    return wish.model_copy(
        update={"seed": derive(wish.seed, "again", number), "guidance": stronger}
    )


def heard(model: FilmModel, reel: Reel) -> tuple[Told, ...]:
    """Which of a reel's prompts is heard when."""
    fps, stride, numbers = model.capabilities.fps, model.stride, reel.text.tolist()
    starts = [0, *(i for i in range(1, len(numbers)) if numbers[i] != numbers[i - 1])]
    edges = [*(stride.pixel_frames(i) / fps if i else 0.0 for i in starts), float("inf")]
    return tuple(
        Told(reel.prompts[numbers[i]], edges[at], edges[at + 1]) for at, i in enumerate(starts)
    )
