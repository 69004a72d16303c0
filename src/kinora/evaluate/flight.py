"""Falling and bouncing. In: where a thing is seen, and where it truly is. Out: how wrong its flight is.

Both are read off the picture in the same way from the film and from physics, so that perspective, which
bends a parabola a little, counts for both. On real renders the same numbers are the parse floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.caption.facts import Spot

Path = NDArray[np.float64]
Heights = NDArray[np.float64]

LEAST_FRAMES = 4
"""Frames of free fall below which no parabola is fitted."""
LEAST_DROP = 0.1
"""Picture heights that a thing must fall for its flight to be measured."""
REST = 0.01
"""Picture heights a frame below which a thing no longer falls."""


@dataclass(frozen=True)
class Flight:
    """A fall, and the bounce after it.

    Args:
        start, floor: frames, of the highest point and of the first contact.
        acceleration: picture heights per second squared, downwards, over the free fall.
        restitution: speed after the contact over speed before it, from the heights of fall and rebound.
    """

    start: int
    floor: int
    acceleration: float
    restitution: float


def flight(ys: Heights, *, fps: float, span: tuple[int, int] | None = None) -> Flight | None:
    """The first fall in `ys`, or None if there is none worth measuring.

    Args:
        ys: `[t]`, heights in shares of the picture, downwards; NaN where nothing was seen.
        fps: frames a second.
        span: frames of the highest point and of the contact, where they are known from elsewhere.
    """
    found = span or _fall(ys)
    if found is None:
        return None
    start, floor = found
    times = np.arange(start, floor + 1) / fps
    heights = ys[start : floor + 1]
    seen = np.isfinite(heights)
    if seen.sum() < LEAST_FRAMES:
        return None
    curve = np.polyfit(times[seen], heights[seen], 2)
    after = ys[floor:]
    rebound = np.nanmax(heights) - np.nanmin(after) if np.isfinite(after).any() else 0.0
    drop = float(np.nanmax(heights) - np.nanmin(heights))
    if drop <= 0:
        return None
    restitution = float(np.sqrt(max(0.0, rebound) / drop))
    return Flight(start, floor, acceleration=2 * float(curve[0]), restitution=restitution)


def flight_errors(spots: Sequence[Spot], truth: Path, *, fps: float) -> dict[str, float]:
    """How far a seen flight is from the true one.

    Args:
        spots: where the thing was seen.
        truth: `[t 2]`, true centres in shares of the picture.
        fps: frames a second.

    Returns:
        `fall shown`, 1 or 0, and if it is, `fall error`, relative, of the acceleration, and `restitution error`,
        absolute; empty if physics knows no fall here.
    """
    true = flight(truth[:, 1], fps=fps)
    if true is None:
        return {}
    ys = np.full(len(truth), np.nan)
    for spot in spots:
        ys[spot.frame] = spot.y
    seen = flight(ys, fps=fps, span=(true.start, true.floor))
    if seen is None:
        return {"fall shown": 0.0}
    return {
        "fall shown": 1.0,
        "fall error": abs(seen.acceleration / true.acceleration - 1),
        "restitution error": abs(seen.restitution - true.restitution),
    }


def _fall(ys: Heights) -> tuple[int, int] | None:
    """Frames of the highest point before the first fall, and of its end."""
    for start in range(len(ys) - LEAST_FRAMES):
        floor = start
        while floor + 1 < len(ys) and ys[floor + 1] - ys[floor] > REST:
            floor += 1
        if floor - start + 1 >= LEAST_FRAMES and ys[floor] - ys[start] >= LEAST_DROP:
            # The last step may already hold a part of the rebound.
            return start, floor
    return None
