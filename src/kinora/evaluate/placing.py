"""Placing. In: what was seen from a camera, and what truly stands where in its picture. Out: what is in place.

The geometry is the simulator's: `world.camera` projects every thing into the picture of any view.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.caption.facts import Seen, SeenThing, Spot
from kinora.evaluate.state import Trait

NEAR = 0.15
"""Shares of the picture's width and height by which a thing may be off."""
LAST = 4
"""Frames before the last in which a thing that is there at the end may be seen for the last time."""


@dataclass(frozen=True, eq=False)
class Standing:
    """A thing as the geometry has it.

    Args:
        kind, colour: in the judge's words.
        path: frame -> column and row of its middle, in shares of the picture, where it can be seen.
    """

    kind: str
    colour: str
    path: Mapping[int, tuple[float, float]]


def in_place(seen: Seen, expected: Standing, *, near: float = NEAR) -> bool:
    """Whether some thing of that colour was seen, in the middle of its ways no further than `near` off.

    Its kind is not asked for: from behind and from above many kinds look alike.
    """
    gaps = (_gaps(thing, expected) for thing in seen.things if thing.colour == expected.colour)
    return any(len(gap) and float(np.median(gap)) <= near for gap in gaps)


def _gaps(thing: SeenThing, expected: Standing) -> NDArray[np.float64]:
    """The larger of the gaps in width and height, in every frame that has both."""
    both = [
        (spot.x - expected.path[spot.frame][0], spot.y - expected.path[spot.frame][1])
        for spot in thing.spots
        if spot.frame in expected.path
    ]
    return np.abs(np.array(both).reshape(-1, 2)).max(axis=1) if both else np.zeros(0)


def last_spots(seen: Seen, who: Trait, *, last: int) -> list[Spot]:
    """Where things of this kind and colour are seen in frame `last` and the `LAST` before it."""
    return [
        spot
        for thing in seen.things
        if (thing.kind, thing.colour) == who
        for spot in thing.spots
        if last - LAST <= spot.frame <= last
    ]


def close(spots: Sequence[Spot], centre: tuple[float, float]) -> bool:
    """Whether one of them is no further than `NEAR` off, in width and in height."""
    x, y = centre
    return any(abs(spot.x - x) <= NEAR and abs(spot.y - y) <= NEAR for spot in spots)
