"""Whether a film keeps its promise. In: a promise and what was seen. Out: a verdict, fact by fact.

Every fact is decided by the judge's most likely answer, however unsure it is. Things that are seen are
given to things that were promised in the way that keeps most of the promise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from kinora.caption.facts import Seen, SeenThing
from kinora.evaluate.promise import Promise, PromisedThing

MISSING = "missing"
FACTS = ("thing", "colour", "ground", "light", "direction")


@dataclass(frozen=True)
class Fact:
    """One promised fact: its name among `FACTS`, what was promised and what was seen."""

    name: str
    wanted: str
    found: str

    @property
    def right(self) -> bool:
        """Whether the film keeps it."""
        return self.wanted == self.found


@dataclass(frozen=True)
class Verdict:
    """All promised facts of one film.

    Args:
        recognisable: a promised thing is there in its right colour.
    """

    facts: tuple[Fact, ...]
    recognisable: bool

    @property
    def whole(self) -> bool:
        """Whether every fact is right."""
        return all(fact.right for fact in self.facts)


@dataclass(frozen=True)
class Score:
    """Shares of many verdicts, each in 0..1.

    Args:
        facts: single facts right.
        whole: prompts with every fact right.
        recognisable: films with a promised thing in its right colour.
        by_name: single facts right, per kind of fact.
    """

    count: int
    facts: float
    whole: float
    recognisable: float
    by_name: dict[str, float]


def verdict(promise: Promise, seen: Seen) -> Verdict:
    """Hold what was seen against what was promised."""
    given = assign(promise, seen.things)
    facts = [
        fact
        for wanted, thing in zip(promise.things, given, strict=True)
        for fact in _of_thing(wanted, thing)
    ]
    facts.append(Fact("ground", promise.ground, seen.ground))
    facts.append(Fact("light", promise.light, seen.light))
    if promise.direction:
        main = given[0]
        facts.append(Fact("direction", promise.direction, main.heading if main else MISSING))
    there = any(
        all(fact.right for fact in _of_thing(wanted, thing))
        for wanted, thing in zip(promise.things, given, strict=True)
    )
    return Verdict(tuple(facts), recognisable=there)


def assign(promise: Promise, things: Sequence[SeenThing]) -> tuple[SeenThing | None, ...]:
    """For every promised thing the seen one that stands for it, or None."""
    places = [*things, *([None] * len(promise.things))]

    def kept(given: tuple[SeenThing | None, ...]) -> tuple[int, float]:
        pairs = list(zip(promise.things, given, strict=True))
        right = sum(fact.right for wanted, thing in pairs for fact in _of_thing(wanted, thing))
        return right, sum(len(thing.spots) for _, thing in pairs if thing)

    return max(permutations(places, len(promise.things)), key=kept)


def score(verdicts: Iterable[Verdict]) -> Score:
    """Shares over all verdicts."""
    verdicts = list(verdicts)
    facts = [fact for verdict in verdicts for fact in verdict.facts]
    by_name = {
        name: _share([fact.right for fact in facts if fact.name == name])
        for name in FACTS
        if any(fact.name == name for fact in facts)
    }
    return Score(
        count=len(verdicts),
        facts=_share([fact.right for fact in facts]),
        whole=_share([verdict.whole for verdict in verdicts]),
        recognisable=_share([verdict.recognisable for verdict in verdicts]),
        by_name=by_name,
    )


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else float("nan")


def _of_thing(wanted: PromisedThing, thing: SeenThing | None) -> list[Fact]:
    facts = [Fact("thing", wanted.kind, thing.kind if thing else MISSING)]
    if wanted.colour:
        facts.append(Fact("colour", wanted.colour, thing.colour if thing else MISSING))
    return facts
