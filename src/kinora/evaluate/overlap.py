"""Contact without overlap. In: what was seen of a film. Out: how far things stand in each other.

Two things of the picture may hide each other, but their boxes only coincide where one is behind the
other; the same number on a real render of the same prompt tells how much of that is allowed.
"""

from itertools import combinations

from kinora.caption.facts import Seen, Spot


def overlap(seen: Seen) -> float:
    """Mean over frames of the largest share of a thing's box that lies in another's, 0..1."""
    worst = dict.fromkeys(range(seen.frames), 0.0)
    for one, other in combinations(seen.things, 2):
        there = {spot.frame: spot for spot in other.spots}
        for spot in one.spots:
            if spot.frame in there:
                share = shared(spot, there[spot.frame])
                worst[spot.frame] = max(worst[spot.frame], share)
    return sum(worst.values()) / len(worst) if worst else 0.0


def shared(one: Spot, other: Spot) -> float:
    """The share of the smaller box that lies in the other."""
    wide = _common(one.x, one.width, other.x, other.width)
    high = _common(one.y, one.height, other.y, other.height)
    least = min(one.width * one.height, other.width * other.height)
    return wide * high / least if least > 0 else 0.0


def _common(x: float, width: float, u: float, span: float) -> float:
    return max(0.0, min(x + width / 2, u + span / 2) - max(x - width / 2, u - span / 2))
