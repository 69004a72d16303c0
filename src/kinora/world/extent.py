"""How much room a thing takes. In: a kind, a turn, a view. Out: silhouettes, widths, heights.

Computed from points on the surface at scale one, so that framing needs no rendering.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

REST: dict[str, float] = {
    "ball": 1.0,
    "cube": 0.85,
    "cylinder": 1.0,
    "cone": 1.0,
    "capsule": 1.0,
    "ring": 1.0,
    "cookie": 1.0,
    "momo": 1.0,
}
"""Height of the centre over the ground when the thing stands, at scale one."""

LYING: dict[str, float] = {"cylinder": 0.72, "capsule": 0.5}
"""The same when it lies on its side."""

_ANGLES = np.arange(48) * (2.0 * math.pi / 48)
_COMPASS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])


def silhouette(kind: str, turn: Points, *, view: Points, hat: bool = False) -> float:
    """Area of the thing's silhouette at scale one, seen from afar along `view` (unit, `[3]`)."""
    hull = _hull(_points(kind, hat) @ turn.T, view)
    (x, y), (u, v) = hull.T, hull[np.arange(-1, len(hull) - 1)].T
    area = 0.5 * abs(float(x @ v - y @ u))
    if kind == "ring":
        area *= 1.0 - 0.23 * abs(float(turn[:, 1] @ view))
    return area * 1.03  # the outline has corners, the thing has curves


def half_width(kind: str, turn: Points, *, hat: bool = False) -> float:
    """Half of the thing's width in x at scale one."""
    return float(np.abs((_points(kind, hat) @ turn.T)[:, 0]).max())


def half_height(kind: str, turn: Points, *, hat: bool = False) -> float:
    """How far the thing reaches up from its centre at scale one."""
    return float((_points(kind, hat) @ turn.T)[:, 2].max())


def _hull(points: Points, view: Points) -> Points:
    """The outline of the points' projection along `view`, `[k 2]`, as a polygon in order."""
    x, y, z = (float(value) for value in view)
    flat = max(1e-6, math.hypot(x, y))
    # Right and down as the eye sees them.
    axes = np.array([[y / flat, x * z / flat], [-x / flat, y * z / flat], [0.0, -flat]])
    seen = points @ axes
    return np.asarray(seen[np.argmax(seen @ _COMPASS, axis=0)])


def _circle(radius: float, *, at: float = 0.0, count: int = 24) -> Points:
    angle = np.arange(count) * (2.0 * math.pi / count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, at)], axis=1)


def _ball(radius: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Points:
    k = np.arange(120) + 0.5
    z = 1.0 - 2.0 * k / 120
    angle = k * math.pi * (1.0 + math.sqrt(5.0))
    flat = np.sqrt(1.0 - z * z)
    return radius * np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1) + centre


@cache
def _points(kind: str, hat: bool) -> Points:
    worn = [_circle(0.64, at=0.72), _circle(0.40, at=1.34)] if hat else []
    signs = np.array([[i, j, k] for i in (-1.0, 1.0) for j in (-1.0, 1.0) for k in (-1.0, 1.0)])
    rims = np.concatenate([_circle(0.98, at=-0.18), _circle(0.98, at=0.18)])[:, [0, 2, 1]]
    clouds: dict[str, list[Points]] = {
        "ball": [_ball(1.0)],
        "cube": [0.83 * signs],
        "cylinder": [_circle(0.70, at=-0.98), _circle(0.70, at=0.98)],
        "cone": [_circle(0.86, at=-0.98), _circle(0.05, at=0.98)],
        "capsule": [_ball(0.5, (0.0, 0.0, 0.5)), _ball(0.5, (0.0, 0.0, -0.5))],
        "ring": [rims],
        "cookie": [rims],
        "momo": [_ball(0.84, (0.0, 0.0, -0.08)), _circle(0.45, at=-1.0), *worn],
    }
    return np.concatenate(clouds[kind])
