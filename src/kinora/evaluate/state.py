"""State. In: what was seen of films with a bite. Out: whether a bitten cookie stays bitten.

Three chances multiply: the bite shows when it should, it still shows later, nothing else has changed.
The same films without a bite are the control: a judge that sees bites everywhere earns nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kinora.caption.facts import Seen, SeenThing, Spot

Trait = tuple[str, str]
"""Kind and colour."""
LATER = (1.0, 5.0, 20.0)
"""Seconds after the bite at which it is looked for again."""
NEAR = 0.5
"""Seconds around a moment whose frames vote."""


@dataclass(frozen=True)
class State:
    """Chances in 0..1.

    Args:
        shown: the bite shows within `NEAR` of when it should.
        lasting: seconds later -> it still shows, of those films that are long enough.
        others: every other thing that belongs there is seen throughout, and nothing else.
        control: a film without a bite shows none, neither at its beginning nor later.
    """

    shown: float
    lasting: Mapping[float, float]
    others: float
    control: float

    @property
    def persistence(self) -> float:
        """The product of what there are films for, without the control."""
        return self.shown * float(np.prod(list(self.lasting.values()))) * self.others


def state(
    films: Sequence[tuple[Seen, float]],
    controls: Sequence[Seen] = (),
    *,
    others: Sequence[Trait],
) -> State:
    """Persistence over many films.

    Args:
        films: what was seen, and the second at which the cookie is bitten.
        controls: what was seen of films without a bite.
        others: kind and colour of what is there beside the cookie.
    """
    lasting = {}
    for later in LATER:
        long = [(s, at) for s, at in films if s.frames / s.fps >= at + later]
        if long:
            lasting[later] = _mean([bitten(s, at + later) for s, at in long])
    return State(
        shown=_mean([bitten(seen, at) for seen, at in films]),
        lasting=lasting,
        others=_mean([others_stay(seen, others) for seen, _ in films]),
        control=_mean([not any(bitten(s, at) for at in (0.0, *LATER)) for s in controls]),
    )


def bitten(seen: Seen, second: float) -> bool:
    """Whether most of the frames just after this second show a bitten cookie."""
    votes = [
        spot.bites > 0
        for spot in _cookie_spots(seen)
        if 0 <= spot.frame / seen.fps - second <= NEAR
    ]
    return bool(votes) and sum(votes) * 2 > len(votes)


def others_stay(seen: Seen, others: Sequence[Trait], *, share: float = 0.8) -> bool:
    """Whether what belongs there beside the cookie is seen in this share of the frames, and nothing else is.

    Args:
        seen: of the film.
        others: kind and colour of each.
        share: of the frames; what is seen in fewer counts as lost, or else as too much.
    """
    found = [thing for thing in seen.things if thing.kind != "cookie"]
    stays = all(len(thing.spots) >= share * seen.frames for thing in found)
    return stays and sorted((t.kind, t.colour) for t in found) == sorted(others)


def cookie(seen: Seen) -> SeenThing | None:
    """The cookie that is seen in most frames."""
    found = [thing for thing in seen.things if thing.kind == "cookie"]
    return max(found, key=lambda thing: len(thing.spots)) if found else None


def _cookie_spots(seen: Seen) -> tuple[Spot, ...]:
    thing = cookie(seen)
    return thing.spots if thing else ()


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")
