"""Velocity error. In: where a thing is seen, and where it truly is. Out: how wrong its speed is.

The protocol of PhyWorld (arXiv:2411.02385): parse positions from frames, differentiate, compare with
the simulator. The same on real renders is the parse floor, below which nothing can be measured.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kinora.caption.facts import Seen, SeenThing, Spot

Path = NDArray[np.float64]


def velocity_error(spots: Sequence[Spot], truth: Path, *, fps: float) -> float:
    """Mean distance of seen and true velocities, in picture widths and heights a second.

    Args:
        spots: where the thing was seen.
        truth: `[t 2]` true centres in shares of the picture, one for every frame.
        fps: frames a second.

    Returns:
        The mean over all steps between two frames in both of which the thing was seen; NaN without one.
    """
    errors = []
    for before, after in pairwise(spots):
        if after.frame - before.frame != 1:
            continue
        seen = np.array([after.x - before.x, after.y - before.y])
        true = truth[after.frame] - truth[before.frame]
        errors.append(np.linalg.norm(seen - true) * fps)
    return float(np.mean(errors)) if errors else float("nan")


def nearest(seen: Seen, truth: Path) -> SeenThing | None:
    """The seen thing whose way is nearest to the true one."""
    if not seen.things:
        return None

    def apart(thing: SeenThing) -> float:
        gaps = [np.hypot(*(truth[spot.frame] - (spot.x, spot.y))) for spot in thing.spots]
        return float(np.median(gaps))

    return min(seen.things, key=apart)
