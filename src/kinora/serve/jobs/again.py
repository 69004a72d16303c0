"""An edit that is dreamt again until it keeps its words. In: a wish. Out: the best of its takes.

A film from words is watched window by window, see `kinora.serve.jobs.watching`; of an edit all that is new is
watched at once. Every take is kept, so that a killed worker goes on with the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kinora.caption.judge import load_judge
from kinora.core.config import Config
from kinora.core.progress import OnProgress
from kinora.denoise.model import FilmModel
from kinora.evaluate.ledger import Told
from kinora.evaluate.takes import Eye, best_of, heard_when, other_guidance, other_seed
from kinora.evaluate.verify import Ledger
from kinora.generate import Film
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.wish import Wish
from kinora.serve.reel import Reel, read_reel, reel_of

Span = tuple[int, int]
"""Frames from the first to the last (exclusive)."""


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
    take = partial(_take, eye, wish, make=make, new=new, kept=kept)
    best, ledger = best_of(wish.tries, take, ledger=lambda made: made.told.ledger)
    return Take(best.reel, best.told.model_copy(update={"ledger": ledger}))


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
    values = {
        "seed": other_seed(wish.seed, number),
        "guidance": other_guidance(model, wish.guidance, number),
    }
    return wish.model_copy(update=values)


def heard(model: FilmModel, reel: Reel) -> tuple[Told, ...]:
    """Which of a reel's prompts is heard when."""
    return heard_when(model, reel.prompts, reel.text)
