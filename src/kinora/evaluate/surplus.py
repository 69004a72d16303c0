"""Surplus. In: a promise and what was seen. Out: how many things last in the film that the words do not name.

A verdict asks whether every promised thing is there; a second one of its kind breaks no promise, and the
eye sees it at once.
"""

from kinora.caption.facts import Seen
from kinora.evaluate.promise import Promise

LASTING = 0.5
"""Share of the frames from which on a thing counts: what is lost and found again is not two."""


def surplus(promise: Promise, seen: Seen) -> int:
    """Lasting things beyond as many as were promised, 0 or more."""
    return max(0, lasting(seen) - len(promise.things))


def lasting(seen: Seen) -> int:
    """How many things are there for most of a film."""
    return sum(len(thing.spots) >= LASTING * seen.frames for thing in seen.things)
