"""An edit that is dreamt again until it keeps its words. In: its values, what it is made from. Out: the best take.

What is new in it is watched: the added seconds, the window of a retake, the bridge of a loop, else the whole.
"""

from dataclasses import dataclass, replace

from kinora.caption.judge import Judge
from kinora.core.errors import UsageError
from kinora.core.progress import OnProgress, silent
from kinora.evaluate.takes import (
    Eye,
    best_of,
    for_sidecar,
    heard_when,
    other_guidance,
    other_seed,
)
from kinora.evaluate.verify import Ledger
from kinora.generate import Film
from kinora.timeline.blend import Blend
from kinora.timeline.edit import Edit
from kinora.timeline.fresh import fresh
from kinora.timeline.fulfil import Made, alone
from kinora.timeline.perform import Bench
from kinora.timeline.recut import Recut
from kinora.timeline.source import of_film


@dataclass(frozen=True, eq=False)
class Take:
    """One of several.

    Args:
        film: what was made, its notes without what it breaks.
        edit: the values that make it.
        ledger: what it keeps of its words.
    """

    film: Film
    edit: Edit
    ledger: Ledger


def verified_edit(
    bench: Bench, edit: Edit, *, judge: Judge, tries: int = 3, on_progress: OnProgress = silent
) -> Take:
    """Make an edit and keep it to its words.

    Args:
        bench: what it is made from.
        edit: its values; of `Angles` with one view.
        judge: looks at what is new.
        tries: how often the edit is dreamt at most, after the first time from other noise and with
            stronger guidance; 1 only watches.
        on_progress: told after every step and look; may raise to stop.

    Raises:
        UsageError: the edit promises no words, or cannot be made.
    """
    check_promise(bench, edit)
    eye = Eye(bench.model, judge, on_progress)

    def take(number: int) -> Take:
        changes = {
            "seed": other_seed(edit.seed, number),
            "guidance": other_guidance(bench.model, edit.guidance, number),
        }
        new = edit.model_copy(update=changes)
        (film,) = bench.make(new, on_progress=on_progress)
        return Take(film, new, _seen(eye, bench, new, film))

    best, ledger = best_of(tries, take, ledger=lambda made: made.ledger)
    return replace(best, ledger=ledger)


@dataclass(frozen=True)
class Watcher:
    """Makes edits that are watched; `fulfil` takes it as what makes its films.

    Args:
        judge: looks at what is new.
        tries: how often an edit is dreamt at most; 1 only watches.
    """

    judge: Judge
    tries: int = 3

    def __call__(self, bench: Bench, edit: Edit, /, *, on_progress: OnProgress) -> tuple[Made, ...]:
        """The best take of every film, with its ledger for the sidecar."""
        return tuple(self._best(bench, each, on_progress) for each in alone(edit))

    def _best(self, bench: Bench, edit: Edit, tell: OnProgress) -> Made:
        take = verified_edit(bench, edit, judge=self.judge, tries=self.tries, on_progress=tell)
        film = replace(take.film, notes=take.film.notes + take.ledger.lines())
        return Made(film, take.edit, for_sidecar(take.ledger, tries=self.tries))


def check_promise(bench: Bench, edit: Edit) -> None:
    """Raise `UsageError` for an edit that dreams nothing which hears words of its own."""
    if isinstance(edit, Blend):
        raise UsageError("the bridge of a blend is between two films and promises neither's words")
    if isinstance(edit, Recut) and edit.seconds is None:
        raise UsageError(
            "a part that is cut out is not dreamt, and promises nothing",
            remedy="Name how long it shall last with --seconds",
        )
    said = (edit.prompt, getattr(edit, "what", ""), *(w for g in bench.given for w in g.prompts))
    if not any(said):
        raise UsageError("nothing says what is to be seen", remedy="Say it with --prompt")


def _seen(eye: Eye, bench: Bench, edit: Edit, film: Film) -> Ledger:
    frames, known = film.clip.frames, of_film(bench.model, film)
    first, last = fresh(edit, bench.given, frames=len(frames), time=bench.model.stride.time)
    told = heard_when(bench.model, known.prompts, known.text)
    return Ledger(windows=eye.look(frames[first:last], told, first=first))
