"""What a film's words promise, with times. In: prompts and their seconds. Out: entries to be checked.

A thing, its colour, ground and light hold for as long as their prompt is told; a direction is told once,
in the first seconds of it; a bite holds from then on for good, in every later prompt too. Where things are
told, no more of them may last than were told so far: a ball that comes twice is one too many.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kinora.caption.answers import UNKNOWN
from kinora.caption.facts import SURE_ENOUGH, Seen
from kinora.core.config import Config
from kinora.evaluate.adherence import Fact, verdict
from kinora.evaluate.promise import SIDES, Promise, PromisedThing
from kinora.evaluate.state import cookie
from kinora.evaluate.surplus import lasting
from kinora.prompt.facts import Facts, understand
from kinora.prompt.vocabulary import Vocabulary, split

EATING = frozenset({"bites", "eats"})
NUMBER = "number of things"
BITTEN = "bitten"
WHOLE = "whole"


@dataclass(frozen=True)
class Told:
    """A prompt that is heard from second `start` until second `end`."""

    prompt: str
    start: float
    end: float


class Entry(Config):
    """One line of the ledger.

    Args:
        start, end: seconds within which it must hold.
        name: a kind of fact, as in `adherence.FACTS`, or `number of things`, or `bite`.
        wanted: what was promised.
        found: what was seen; empty before it was looked for, `unknown` where the judge cannot know.
    """

    start: float
    end: float
    name: str
    wanted: str
    found: str = ""

    @property
    def kept(self) -> bool:
        """Whether the film does what was promised."""
        return self.wanted == self.found

    @property
    def broken(self) -> bool:
        """Whether the film is known to do something else."""
        return not self.kept and self.found != UNKNOWN


def understood(prompt: str, words: Vocabulary) -> Promise:
    """What a typed prompt promises; an unsaid ground or light is empty, and never checked."""
    said = understand(prompt, words)
    return Promise(
        prompt=prompt,
        things=tuple(
            PromisedThing(kind=t.kind, colour="" if t.kind == "cookie" else t.colour)
            for t in said.things
        ),
        ground=said.ground,
        light=said.light,
        direction=_direction(said),
        scene="",
    )


def bites(prompt: str, words: Vocabulary) -> bool:
    """Whether it speaks of a cookie and of a bite."""
    spoken = {words.meaning(token) for token in split(prompt)}
    return "cookie" in spoken and bool(spoken & EATING)


def told_so_far(prompts: Sequence[str], words: Vocabulary) -> int:
    """How many things these prompts speak of, the same ones counted once."""
    every: Counter[PromisedThing] = Counter()
    for prompt in prompts:
        every |= Counter(understood(prompt, words).things)
    return every.total()


def window(
    told: Sequence[Told],
    seen: Seen,
    *,
    start: float,
    end: float,
    words: Vocabulary,
    worldly: bool = True,
) -> tuple[Entry, ...]:
    """The entries of the seconds `start` to `end`, with what was found there.

    Args:
        told: every prompt of the film, in order; one of them is heard in this window.
        seen: what the window shows.
        start, end: in seconds.
        words: what the prompts are read with.
        worldly: whether the model promises the judge's world, see `Capabilities`: a film of it that shows no world
            has broken its word. Of another model's film that shows none, nothing is known.
    """
    now = max((t for t in told if t.start <= start + 1e-6), key=lambda t: t.start)
    promise = understood(now.prompt, words)
    if start > now.start + 1e-6:
        promise = promise.model_copy(update={"direction": ""})
    entries = [_entry(fact, start, end) for fact in _checked(promise, seen)]
    if promise.things:
        # Those of earlier prompts may still be there; those that are missing are facts of their own.
        told_of = told_so_far([t.prompt for t in told if t.start <= now.start], words)
        found = str(max(told_of, lasting(seen)))
        entries.append(Entry(start=start, end=end, name=NUMBER, wanted=str(told_of), found=found))
    eaten = [t for t in told if t.start < end and bites(t.prompt, words)]
    if eaten and (shown := cookie(seen)) is not None:
        # In the prompt that tells of the bite it may come late; at the end of the window it is there.
        found = BITTEN if shown.spots[-1].bites else WHOLE
        entries.append(Entry(start=start, end=end, name="bite", wanted=BITTEN, found=found))
    if seen.worldly < SURE_ENOUGH and not worldly:
        entries = [entry.model_copy(update={"found": UNKNOWN}) for entry in entries]
    return tuple(entries)


def _checked(promise: Promise, seen: Seen) -> list[Fact]:
    return [fact for fact in verdict(promise, seen).facts if fact.wanted]


def _entry(fact: Fact, start: float, end: float) -> Entry:
    return Entry(start=start, end=end, name=fact.name, wanted=fact.wanted, found=fact.found)


def _direction(said: Facts) -> str:
    """Where the first thing goes, if that is said: `rolls to the left`, not `from the left`."""
    for deed in said.deeds:
        spoken = f"{deed.link} {deed.tail}".split()
        if deed.actor != 0 or "of" in spoken:
            continue
        if "to" in spoken:
            spoken = spoken[len(spoken) - spoken[::-1].index("to") :]
        elif "from" in spoken:
            continue
        sides = [word for word in spoken if word in SIDES]
        if len(sides) == 1:
            return sides[0]
    return ""
