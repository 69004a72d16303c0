"""Signed distances. In: a point in a thing's own frame. Out: how far its surface is, which part.

The thing's scale divides the point first, so every shape here has a half size of about one.
"""

import math

from kinora.world.jit import compiled

BALL, CUBE, CYLINDER, CONE, CAPSULE, RING, COOKIE, MOMO = range(8)

SKIN, EYE, HAT, HATBAND = range(4)


@compiled
def _length2(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)


@compiled
def _length3(x: float, y: float, z: float) -> float:
    return math.sqrt(x * x + y * y + z * z)


@compiled
def _disc(radial: float, axial: float, radius: float, half: float, rounding: float) -> float:
    """A rounded cylinder, from the distance to its axis and along it."""
    a = radial - radius + rounding
    b = abs(axial) - half + rounding
    return min(max(a, b), 0.0) + _length2(max(a, 0.0), max(b, 0.0)) - rounding


@compiled
def _box(x: float, y: float, z: float) -> float:
    rounding = 0.13
    a = abs(x) - 0.85 + rounding
    b = abs(y) - 0.85 + rounding
    c = abs(z) - 0.85 + rounding
    outside = _length3(max(a, 0.0), max(b, 0.0), max(c, 0.0))
    return outside + min(max(a, b, c), 0.0) - rounding


@compiled
def _cone(radial: float, z: float) -> float:
    """A cone of base radius 0.95 from z = -1 to 1, its edges rounded."""
    rounding = 0.08
    # The sharp cone inside: base radius and height shrunk so that rounding gives the full size.
    base, low, top = 0.80, -1.0 + rounding, 0.90
    slope_x, slope_z = base, low - top
    t = (radial * slope_x + (z - top) * slope_z) / (slope_x * slope_x + slope_z * slope_z)
    t = min(1.0, max(0.0, t))
    side = _length2(radial - slope_x * t, z - top - slope_z * t)
    bottom = _length2(radial - min(radial, base), z - low)
    nearest = min(side, bottom)
    height = top - low
    inside = z > low and radial * height < base * (top - z)
    return (-nearest if inside else nearest) - rounding


@compiled
def _momo_body(x: float, y: float, z: float) -> float:
    body = _length3(x, y, z + 0.08) - 0.84
    foot = _length3(abs(x) - 0.38, y + 0.22, (z + 0.80) * 1.1) - 0.22
    # Feet melt softly into the body.
    h = min(1.0, max(0.0, 0.5 + 0.5 * (foot - body) / 0.12))
    return foot * (1.0 - h) + body * h - 0.12 * h * (1.0 - h)


@compiled
def _momo_eye(x: float, y: float, z: float) -> float:
    return _length3(abs(x) - 0.31, y + 0.60, z - 0.26) - 0.27


@compiled
def _hat(x: float, y: float, z: float) -> float:
    radial = _length2(x, y - 0.06)
    brim = _disc(radial, z - 0.72, 0.64, 0.07, 0.06)
    crown = _disc(radial, z - 1.02, 0.40, 0.34, 0.08)
    return min(brim, crown)


@compiled
def distance(kind: int, x: float, y: float, z: float, hat: bool) -> float:
    """Distance to the surface of `kind` at scale one; negative inside."""
    if kind == BALL:
        return _length3(x, y, z) - 1.0
    if kind == CUBE:
        return _box(x, y, z)
    if kind == CYLINDER:
        return _disc(_length2(x, y), z, 0.72, 1.0, 0.10)
    if kind == CONE:
        return _cone(_length2(x, y), z)
    if kind == CAPSULE:
        return _length3(x, y, z - min(0.5, max(-0.5, z))) - 0.5
    if kind == RING:
        return _length2(_length2(x, z) - 0.74, y) - 0.26
    if kind == COOKIE:
        return _disc(_length2(x, z), y, 1.0, 0.20, 0.12)
    near = min(_momo_body(x, y, z), _momo_eye(x, y, z))
    return min(near, _hat(x, y, z)) if hat else near


@compiled
def part(kind: int, x: float, y: float, z: float, hat: bool) -> int:
    """Which part of the thing the surface point belongs to."""
    if kind != MOMO:
        return SKIN
    body, eye = _momo_body(x, y, z), _momo_eye(x, y, z)
    if hat and _hat(x, y, z) < min(body, eye):
        return HATBAND if 0.76 < z < 0.92 else HAT
    return EYE if eye < body else SKIN
