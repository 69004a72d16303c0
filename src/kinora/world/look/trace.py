"""Rays against things. In: a ray and the things of a frame. Out: where it hits, what shadow falls.

A thing is a row of numbers: kind, scale, place (3), turn (9, own frame to world), colour (3),
shine, hat, hat colour (3), gaze (3, own frame), number of bites. Bites are `[n b 4]`: centre, radius.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kinora.world.jit import compiled
from kinora.world.look.distance import BALL, CAPSULE, COOKIE, CYLINDER, MOMO, RING, distance

Array = NDArray[np.float32]
Local = tuple[float, float, float]

KIND, SCALE, PLACE, TURN, COLOUR, SHINE, HAT, HAT_COLOUR, GAZE, BITES = (
    0, 1, 2, 5, 14, 17, 18, 19, 22, 25,
)  # fmt: skip
WIDTH = 26
FAR = 1e9


@compiled
def into(things: Array, k: int, x: float, y: float, z: float) -> Local:
    """A world direction in the thing's own frame."""
    return (
        things[k, 5] * x + things[k, 8] * y + things[k, 11] * z,
        things[k, 6] * x + things[k, 9] * y + things[k, 12] * z,
        things[k, 7] * x + things[k, 10] * y + things[k, 13] * z,
    )


@compiled
def out_of(things: Array, k: int, x: float, y: float, z: float) -> Local:
    """A direction of the thing's own frame in the world."""
    return (
        things[k, 5] * x + things[k, 6] * y + things[k, 7] * z,
        things[k, 8] * x + things[k, 9] * y + things[k, 10] * z,
        things[k, 11] * x + things[k, 12] * y + things[k, 13] * z,
    )


@compiled
def bound(things: Array, k: int) -> float:
    """Radius in metres of a sphere around the thing's centre that holds all of it."""
    kind = int(things[k, KIND])
    radius = 1.02
    if kind == CYLINDER:
        radius = 1.2
    elif kind == MOMO:
        radius = 1.48 if things[k, HAT] > 0 else 1.1
    elif kind not in (BALL, RING, COOKIE, CAPSULE):
        radius = 1.4
    return float(radius * things[k, SCALE])


@compiled
def _half(kind: int, hat: bool) -> Local:
    """Half sides of a box around the shape."""
    if kind == CYLINDER:
        return 0.73, 0.73, 1.01
    if kind == CAPSULE:
        return 0.51, 0.51, 1.01
    if kind in (RING, COOKIE):
        return 1.01, 0.27, 1.01
    if kind == MOMO:
        return 0.90, 0.92, 1.40 if hat else 1.03
    return 1.01, 1.01, 1.01


@compiled
def surface(things: Array, k: int, bites: Array, x: float, y: float, z: float) -> float:
    """Distance at a point of the own frame at scale one, bites taken out."""
    d = distance(int(things[k, KIND]), x, y, z, things[k, HAT] > 0)
    for q in range(int(things[k, BITES])):
        u, v, w = x - bites[k, q, 0], y - bites[k, q, 1], z - bites[k, q, 2]
        d = max(d, bites[k, q, 3] - math.sqrt(u * u + v * v + w * w))
    return d


@compiled
def _slab(o: float, d: float, half: float) -> tuple[float, float]:
    """Entry and exit of a ray through the space between two planes."""
    if abs(d) < 1e-9:
        return (-FAR, FAR) if abs(o) < half else (FAR, -FAR)
    a, b = (-half - o) / d, (half - o) / d
    return min(a, b), max(a, b)


@compiled
def meet(
    things: Array,
    k: int,
    bites: Array,
    ox: float,
    oy: float,
    oz: float,
    dx: float,
    dy: float,
    dz: float,
) -> float:
    """Distance in metres along a unit ray to the thing, or `FAR`."""
    scale = things[k, SCALE]
    px, py, pz = (
        (ox - things[k, 2]) / scale,
        (oy - things[k, 3]) / scale,
        (oz - things[k, 4]) / scale,
    )
    b = px * dx + py * dy + pz * dz
    radius = bound(things, k) / scale
    inside = b * b - (px * px + py * py + pz * pz) + radius * radius
    if inside <= 0.0:
        return FAR
    kind = int(things[k, KIND])
    if kind == BALL:
        edge = inside - radius * radius + 1.0
        return (-b - math.sqrt(edge)) * scale if edge > 0.0 and -b > math.sqrt(edge) else FAR
    x, y, z = into(things, k, px, py, pz)
    u, v, w = into(things, k, dx, dy, dz)
    hx, hy, hz = _half(kind, things[k, HAT] > 0)
    x0, x1 = _slab(x, u, hx)
    y0, y1 = _slab(y, v, hy)
    z0, z1 = _slab(z, w, hz)
    t = max(x0, y0, z0, 0.0)
    end = min(x1, y1, z1)
    for _ in range(48):
        if t > end:
            return FAR
        d = surface(things, k, bites, x + t * u, y + t * v, z + t * w)
        if d < 0.002:
            return float(t * scale)
        t += d
    return float(t * scale) if d < 0.02 else FAR


@compiled
def normal(things: Array, k: int, bites: Array, x: float, y: float, z: float) -> Local:
    """Unit normal in the own frame at a surface point of the own frame at scale one."""
    if int(things[k, KIND]) == BALL:
        return x, y, z
    e = 0.012
    a = surface(things, k, bites, x + e, y - e, z - e)
    b = surface(things, k, bites, x - e, y - e, z + e)
    c = surface(things, k, bites, x - e, y + e, z - e)
    d = surface(things, k, bites, x + e, y + e, z + e)
    nx, ny, nz = a - b - c + d, -a - b + c + d, -a + b - c + d
    n = 1.0 / max(1e-9, math.sqrt(nx * nx + ny * ny + nz * nz))
    return nx * n, ny * n, nz * n


@compiled
def open_sky(
    things: Array,
    k: int,
    bites: Array,
    ox: float,
    oy: float,
    oz: float,
    sx: float,
    sy: float,
    sz: float,
) -> float:
    """Share of the sun that the thing leaves at a point; `s` points to the sun."""
    size = 0.09
    scale = things[k, SCALE]
    px, py, pz = (
        (ox - things[k, 2]) / scale,
        (oy - things[k, 3]) / scale,
        (oz - things[k, 4]) / scale,
    )
    b = px * sx + py * sy + pz * sz
    if b > 0.0:
        return 1.0
    radius = bound(things, k) / scale - size * b
    inside = b * b - (px * px + py * py + pz * pz) + radius * radius
    if inside <= 0.0:
        return 1.0
    if int(things[k, KIND]) == BALL:
        gap = math.sqrt(max(0.0, px * px + py * py + pz * pz - b * b)) - 1.0
        share = 0.5 + 0.5 * gap / max(1e-6, -size * b)
    else:
        x, y, z = into(things, k, px, py, pz)
        u, v, w = into(things, k, sx, sy, sz)
        t = max(0.03, -b - math.sqrt(inside))
        end = -b + math.sqrt(inside)
        share = 1.0
        for _ in range(24):
            d = surface(things, k, bites, x + t * u, y + t * v, z + t * w)
            share = min(share, 0.5 + 0.5 * d / (size * t))
            t += max(0.03, d if d > 0.0 else -d)
            if share < 0.0 or t > end:
                break
    share = min(1.0, max(0.0, share))
    return float(share * share * (3.0 - 2.0 * share))


@compiled
def crevice(things: Array, k: int, bites: Array, x: float, y: float, z: float) -> float:
    """How open the sky is above a ground point near the thing: 0.45 where they touch, 1 afar."""
    scale = things[k, SCALE]
    px, py, pz = (x - things[k, 2]) / scale, (y - things[k, 3]) / scale, (z - things[k, 4]) / scale
    far = bound(things, k) / scale + 0.6
    if px * px + py * py + pz * pz > far * far:
        return 1.0
    u, v, w = into(things, k, px, py, pz)
    d = min(1.0, max(0.0, surface(things, k, bites, u, v, w) / 0.6))
    return 0.45 + 0.55 * (1.0 - (1.0 - d) * (1.0 - d))
