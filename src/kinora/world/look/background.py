"""Ground and sky. In: a camera, a ground, a light. Out: `[h w 4]` colours and clearness of the air.

Textures are gentle and fade where a pixel covers more than their grain, so nothing flickers.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kinora.world.jit import compiled

Array = NDArray[np.float32]

GRASS, SAND, SNOW, WOOD, STONE = range(5)


@compiled
def _hash(ix: int, iy: int, salt: int) -> float:
    h = (ix * 374761393 + iy * 668265263 + salt * 974634541) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777216.0


@compiled
def _noise(x: float, y: float, salt: int) -> float:
    """Smooth noise in -1..1 with a grain of one."""
    ix, iy = math.floor(x), math.floor(y)
    u, v = x - ix, y - iy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    low = _hash(ix, iy, salt) * (1.0 - u) + _hash(ix + 1, iy, salt) * u
    high = _hash(ix, iy + 1, salt) * (1.0 - u) + _hash(ix + 1, iy + 1, salt) * u
    return 2.0 * (low * (1.0 - v) + high * v) - 1.0


@compiled
def _fade(footprint: float, grain: float) -> float:
    """How much of a texture of this grain survives in a pixel of this footprint."""
    ratio = footprint / grain
    return 1.0 / (1.0 + 4.0 * ratio * ratio)


@compiled
def _seam(x: float, period: float, width: float, footprint: float) -> float:
    """A soft dark line at every multiple of `period`, as wide as a pixel at least."""
    gap = abs(x - period * math.floor(x / period + 0.5))
    wide = width + 0.7 * footprint
    return (width / wide) * math.exp(-(gap * gap) / (wide * wide))


@compiled
def _texture(ground: int, x: float, y: float, fx: float, fy: float, salt: int) -> float:
    """Brightness of the ground around 1; `fx`, `fy` are a pixel's footprint in metres."""
    f = max(fx, fy)
    if ground == GRASS:
        coarse = 0.07 * _noise(x * 0.8, y * 0.5, salt) * _fade(f, 1.2)
        return 1.0 + coarse + 0.06 * _noise(x * 3.1, y * 2.0, salt + 1) * _fade(f, 0.35)
    if ground == SAND:
        bend = 1.3 * _noise(x * 0.5, y * 0.5, salt)
        ripple = math.sin(5.0 * y + 1.2 * x + 2.0 * bend)
        return 1.0 + 0.03 * ripple * _fade(f, 0.6) + 0.035 * bend * _fade(f, 2.0)
    if ground == SNOW:
        return 1.0 + 0.025 * _noise(x * 0.55, y * 0.4, salt) * _fade(f, 1.8)
    if ground == WOOD:
        width = 1.05
        plank = math.floor(x / width)
        tone = _hash(plank, 0, salt) - 0.5
        grain = _noise(x * 4.0, y * 0.5 + 7.0 * plank, salt + 2) * _fade(fx, 0.25)
        seam = _seam(x, width, 0.035, fx)
        joint = _seam(y + 5.0 * _hash(plank, 1, salt), 5.0, 0.03, fy)
        return 1.0 + (0.10 * tone + 0.03 * grain) * _fade(fx, 1.0) - 0.26 * max(seam, 0.6 * joint)
    size = 1.5
    row = math.floor(y / size)
    shift = 0.5 * size * (row & 1)
    column = math.floor((x + shift) / size)
    tone = (_hash(column, row, salt) - 0.5) * _fade(f, 1.5)
    cloudy = _noise(x * 1.6, y * 1.6, salt + 3) * _fade(f, 0.6)
    seam = max(_seam(x + shift, size, 0.045, fx), _seam(y, size, 0.045, fy))
    return 1.0 + 0.10 * tone + 0.025 * cloudy - 0.22 * seam


@compiled
def _cloud(dx: float, dy: float, dz: float, salt: int) -> float:
    """Faint clouds in 0..1 on a high plane."""
    spread = 1.0 / (dz + 0.18)
    x, y = dx * spread * 1.3, dy * spread * 1.3
    n = _noise(x, y * 1.6, salt + 5) + 0.5 * _noise(2.1 * x, 3.3 * y, salt + 6)
    return min(1.0, max(0.0, n * 0.8)) * min(1.0, max(0.0, dz * 5.0))


@compiled
def _star(dx: float, dy: float, dz: float, salt: int) -> float:
    """A few soft stars; their place is fixed in the sky."""
    azimuth, height = math.atan2(dx, dy), math.asin(dz)
    u, v = azimuth * 11.0, height * 11.0
    iu, iv = math.floor(u), math.floor(v)
    if _hash(iu, iv, salt + 8) > 0.30:
        return 0.0
    x = u - iu - 0.3 - 0.4 * _hash(iu, iv, salt + 9)
    y = v - iv - 0.3 - 0.4 * _hash(iu, iv, salt + 10)
    return math.exp(-(x * x + y * y) * 260.0) * (0.4 + 0.6 * _hash(iu, iv, salt + 11))


@compiled
def paint(out: Array, camera: Array, ground: int, sky: Array, salt: int) -> None:
    """Fill `out` `[h w 4]`: red, green, blue in 0..1 and the clearness of the air to the ground.

    Args:
        camera: eye, right, down, forward (3 each), focal length in pixels.
        sky: zenith, horizon, ground, glow, sun direction (3 each), clouds, stars (1 each).
    """
    h, w = out.shape[0], out.shape[1]
    f = camera[12]
    for i in range(h):
        b = (i + 0.5 - 0.5 * h) / f
        for j in range(w):
            a = (j + 0.5 - 0.5 * w) / f
            dx = camera[9] + a * camera[3] + b * camera[6]
            dy = camera[10] + a * camera[4] + b * camera[7]
            dz = camera[11] + a * camera[5] + b * camera[8]
            n = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
            dx, dy, dz = dx * n, dy * n, dz * n
            towards = max(0.0, dx * sky[12] + dy * sky[13])
            glow = towards * towards * math.exp(-7.0 * abs(dz))
            if dz > -0.004:
                _paint_sky(out, i, j, dx, dy, max(dz, 0.0), glow, sky, salt)
                continue
            t = camera[2] / -dz
            x, y = camera[0] + t * dx, camera[1] + t * dy
            fx = t / f
            light = _texture(ground, x, y, fx, fx / -dz, salt)
            clear = math.exp(-t * t * 0.0011)
            out[i, j, 3] = clear
            for c in range(3):
                far = sky[3 + c] + glow * sky[9 + c]
                out[i, j, c] = far + (sky[6 + c] * light - far) * clear


@compiled
def _paint_sky(
    out: Array, i: int, j: int, dx: float, dy: float, dz: float, glow: float, sky: Array, salt: int
) -> None:
    up = 1.0 - math.exp(-3.2 * dz)
    cloud = sky[15] * _cloud(dx, dy, dz, salt) if sky[15] > 0 else 0.0
    star = sky[16] * _star(dx, dy, dz, salt) * up if sky[16] > 0 else 0.0
    out[i, j, 3] = 0.0
    for c in range(3):
        colour = sky[3 + c] + (sky[c] - sky[3 + c]) * up + glow * sky[9 + c]
        out[i, j, c] = colour + cloud * (1.0 - 0.3 * c * (sky[9] > 0.1) - colour) + star
