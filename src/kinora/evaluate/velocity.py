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


def velocity_error(
    spots: Sequence[Spot], truth: Path, *, fps: float, first: int = 0
) -> dict[str, float]:
    """Distance of seen and true velocities, over what the model made.

    Args:
        spots: where the thing was seen.
        truth: `[t 2]` true centres in shares of the picture, one for every frame.
        fps: frames a second.
        first: the last of the frames that were given; no step before it counts.

    Returns:
        `thing followed`, the share of steps between two frames in both of which the thing was seen, and if
        there is one `velocity error`, the mean over these in picture widths and heights a second.
    """
    errors = []
    for before, after in pairwise(spots):
        if after.frame - before.frame != 1 or before.frame < first:
            continue
        seen = np.array([after.x - before.x, after.y - before.y])
        true = truth[after.frame] - truth[before.frame]
        errors.append(np.linalg.norm(seen - true) * fps)
    found = {"thing followed": len(errors) / max(1, len(truth) - 1 - first)}
    return found | ({"velocity error": float(np.mean(errors))} if errors else {})


def nearest(seen: Seen, truth: Path) -> SeenThing | None:
    """The seen thing whose way is nearest to the true one."""
    if not seen.things:
        return None

    def apart(thing: SeenThing) -> float:
        gaps = [np.hypot(*(truth[spot.frame] - (spot.x, spot.y))) for spot in thing.spots]
        return float(np.median(gaps))

    return min(seen.things, key=apart)
