"""One frame. In: background, camera, things, light. Out: pixels and the id of what each one shows.

One ray a pixel near things, four more where neighbours differ, so edges are clean.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kinora.world.jit import compiled
from kinora.world.look.distance import COOKIE, EYE, HAT, HATBAND, MOMO, part
from kinora.world.look.trace import FAR, bound, crevice, into, meet, normal, open_sky, out_of

Array = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Boxes = NDArray[np.int32]
Colour = tuple[float, float, float]

SKY_ID, GROUND_ID, FIRST_ID = 0, 1, 2


@compiled
def _face(things: Array, n: int, x: float, y: float, z: float) -> Colour:
    """Colours of Momo at a surface point of the own frame: eyes, mouth, hat, skin."""
    where = part(MOMO, x, y, z, things[n, 18] > 0)
    if where == HAT:
        return things[n, 19], things[n, 20], things[n, 21]
    if where == HATBAND:
        return 0.95, 0.95, 0.92
    if where == EYE:
        side = 0.31 if x > 0 else -0.31
        u, v, w = (x - side) / 0.27, (y + 0.60) / 0.27, (z - 0.26) / 0.27
        look = u * things[n, 22] + v * things[n, 23] + w * things[n, 24]
        if (u - 0.30) ** 2 + (v + 0.86) ** 2 + (w - 0.38) ** 2 < 0.045:
            return 1.0, 1.0, 1.0
        return (0.05, 0.05, 0.07) if look > 0.80 else (0.98, 0.98, 0.98)
    smile = abs(z + 0.30 - 1.1 * x * x)
    if y < 0 and abs(x) < 0.27 and smile < 0.045:
        return 0.25 * things[n, 14], 0.25 * things[n, 15], 0.25 * things[n, 16]
    return things[n, 14], things[n, 15], things[n, 16]


@compiled
def _chips(things: Array, n: int, x: float, z: float) -> Colour:
    """Colours of a cookie: seven chips on either face."""
    for k in range(7):
        angle = 1.05 * k + 0.35 * (k & 1)
        reach = 0.0 if k == 6 else 0.52 + 0.10 * (k & 1)
        u, v = x - reach * math.cos(angle), z - reach * math.sin(angle)
        if u * u + v * v < 0.0196:
            return 0.27, 0.14, 0.08
    return things[n, 14], things[n, 15], things[n, 16]


@compiled
def _shade(things: Array, bites: Array, k: int, ray: Array, t: float, sky: Array) -> Colour:
    """Colour of thing `k` at distance `t` along the ray (origin 3, direction 3)."""
    scale = things[k, 1]
    wx, wy, wz = ray[0] + t * ray[3], ray[1] + t * ray[4], ray[2] + t * ray[5]
    x, y, z = into(
        things,
        k,
        (wx - things[k, 2]) / scale,
        (wy - things[k, 3]) / scale,
        (wz - things[k, 4]) / scale,
    )
    a, b, c = normal(things, k, bites, x, y, z)
    nx, ny, nz = out_of(things, k, a, b, c)
    kind = int(things[k, 0])
    red, green, blue = things[k, 14], things[k, 15], things[k, 16]
    if kind == MOMO:
        red, green, blue = _face(things, k, x, y, z)
    elif kind == COOKIE:
        red, green, blue = _chips(things, k, x, z)
        for q in range(int(things[k, 25])):
            u, v, w = x - bites[k, q, 0], y - bites[k, q, 1], z - bites[k, q, 2]
            if u * u + v * v + w * w < (bites[k, q, 3] + 0.02) ** 2:
                red, green, blue = 0.93, 0.76, 0.48
    sun = 1.0
    for other in range(things.shape[0]):
        if other != k:
            sun *= open_sky(things, other, bites, wx, wy, wz, sky[12], sky[13], sky[14])
    facing = nx * sky[12] + ny * sky[13] + nz * sky[14]
    key = max(0.0, 0.25 + 0.75 * facing) * (0.35 + 0.65 * sun)
    near_ground = 0.88 + 0.12 * min(1.0, max(0.0, wz / (0.7 * scale)))
    base = (0.70 + 0.10 * nz) * near_ground + 0.40 * key
    towards = -(nx * ray[3] + ny * ray[4] + nz * ray[5])
    rim = (1.0 - max(0.0, towards)) ** 3
    hx, hy, hz = sky[12] - ray[3], sky[13] - ray[4], sky[14] - ray[5]
    half = (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz)
    glint = 0.0
    mirror = 0.10 * rim
    if things[k, 17] > 0:
        glint = 0.75 * max(0.0, half) ** 70 * sun
        mirror = 0.34 * rim + 0.05 * max(0.0, nz)
    return (
        red * base * sky[17] + glint + mirror * sky[3],
        green * base * sky[18] + glint + mirror * sky[4],
        blue * base * sky[19] + glint + mirror * sky[5],
    )


@compiled
def _aim(camera: Array, ray: Array, row: float, column: float, h: int, w: int) -> None:
    a, b = (column - 0.5 * w) / camera[12], (row - 0.5 * h) / camera[12]
    dx = camera[9] + a * camera[3] + b * camera[6]
    dy = camera[10] + a * camera[4] + b * camera[7]
    dz = camera[11] + a * camera[5] + b * camera[8]
    n = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
    ray[0], ray[1], ray[2] = camera[0], camera[1], camera[2]
    ray[3], ray[4], ray[5] = dx * n, dy * n, dz * n


@compiled
def _nearest(
    things: Array, bites: Array, boxes: Boxes, ray: Array, row: int, column: int
) -> tuple[int, float]:
    """Which thing the ray meets first, or -1, and at what distance."""
    best, which = FAR, -1
    for k in range(things.shape[0]):
        if boxes[k, 0] <= row < boxes[k, 1] and boxes[k, 2] <= column < boxes[k, 3]:
            t = meet(things, k, bites, ray[0], ray[1], ray[2], ray[3], ray[4], ray[5])
            if t < best:
                best, which = t, k
    return which, best


@compiled
def _shadow(things: Array, bites: Array, ray: Array, sky: Array) -> float:
    """Brightness that things leave on the ground where the ray meets it."""
    t = ray[2] / -ray[5]
    x, y = ray[0] + t * ray[3], ray[1] + t * ray[4]
    sun, close = 1.0, 1.0
    for k in range(things.shape[0]):
        sun *= open_sky(things, k, bites, x, y, 0.0, sky[12], sky[13], sky[14])
        close *= crevice(things, k, bites, x, y, 0.0)
    return float((1.0 - sky[20] * (1.0 - sun)) * (0.35 + 0.65 * close))


@compiled
def _colour(
    things: Array,
    bites: Array,
    boxes: Boxes,
    ray: Array,
    sky: Array,
    back: Array,
    row: int,
    column: int,
) -> tuple[int, float, float, float]:
    """Id and colour along one ray; `back` is the background of its pixel."""
    which, t = _nearest(things, bites, boxes, ray, row, column)
    if which >= 0:
        red, green, blue = _shade(things, bites, which, ray, t, sky)
        return which + FIRST_ID, red, green, blue
    if back[3] <= 0.0 or ray[5] >= -1e-4:
        return SKY_ID, back[0], back[1], back[2]
    light = 1.0 - (1.0 - _shadow(things, bites, ray, sky)) * back[3]
    return GROUND_ID, back[0] * light, back[1] * light, back[2] * light


@compiled
def _byte(value: float) -> int:
    return int(min(255.0, max(0.0, value * 255.0 + 0.5)))


@compiled
def _include(box: Boxes, camera: Array, h: int, w: int, x: float, y: float, z: float) -> None:
    """Grow a box of rows and columns so that it holds a point's image."""
    px, py, pz = x - camera[0], y - camera[1], z - camera[2]
    depth = px * camera[9] + py * camera[10] + pz * camera[11]
    if depth < 0.15:
        box[0], box[1], box[2], box[3] = 0, h, 0, w
        return
    column = 0.5 * w + camera[12] * (px * camera[3] + py * camera[4] + pz * camera[5]) / depth
    row = 0.5 * h + camera[12] * (px * camera[6] + py * camera[7] + pz * camera[8]) / depth
    box[0], box[1] = min(box[0], max(0, int(row) - 2)), max(box[1], min(h, int(row) + 3))
    box[2], box[3] = min(box[2], max(0, int(column) - 2)), max(box[3], min(w, int(column) + 3))


@compiled
def _boxes(
    things: Array, camera: Array, sky: Array, h: int, w: int, seen: Boxes, dark: Boxes
) -> None:
    """Where each thing can be seen, and where it can darken the ground."""
    for k in range(things.shape[0]):
        r = bound(things, k)
        for box in (seen[k], dark[k]):
            box[0], box[1], box[2], box[3] = h, 0, w, 0
        drop = max(0.05, sky[14])
        for corner in range(8):
            x = things[k, 2] + (r if corner & 1 else -r)
            y = things[k, 3] + (r if corner & 2 else -r)
            z = things[k, 4] + (r if corner & 4 else -r)
            _include(seen[k], camera, h, w, x, y, z)
            spread = 1.0 + 0.12 * max(0.0, z) / (drop * r)
            gx = things[k, 2] + (x - things[k, 2]) * spread - sky[12] / drop * max(0.0, z)
            gy = things[k, 3] + (y - things[k, 3]) * spread - sky[13] / drop * max(0.0, z)
            _include(dark[k], camera, h, w, gx, gy, 0.0)
            reach = 1.0 + 0.6 * things[k, 1] / r
            near = z <= 0.6 * things[k, 1]
            if near:
                gx = things[k, 2] + (x - things[k, 2]) * reach
                gy = things[k, 3] + (y - things[k, 3]) * reach
                _include(dark[k], camera, h, w, gx, gy, 0.0)


@compiled
def _differs(ids: Bytes, draft: Array, i: int, j: int, h: int, w: int) -> bool:
    """Whether a pixel lies at an edge of things or of their colours."""
    for step in range(4):
        a = i + (step == 0) - (step == 1)
        b = j + (step == 2) - (step == 3)
        if 0 <= a < h and 0 <= b < w:
            if ids[a, b] != ids[i, j] and max(ids[a, b], ids[i, j]) >= FIRST_ID:
                return True
            if ids[i, j] >= FIRST_ID:
                gap = 0.0
                for c in range(3):
                    gap += abs(draft[a, b, c] - draft[i, j, c])
                if gap > 0.25:
                    return True
    return False


@compiled
def _mark(todo: Bytes, boxes: Boxes, k: int, value: int) -> None:
    for i in range(boxes[k, 0], boxes[k, 1]):
        for j in range(boxes[k, 2], boxes[k, 3]):
            todo[i, j] = value


@compiled
def _plan(
    todo: Bytes, things: Array, earlier: Array, camera: Array, sky: Array, seen: Boxes
) -> None:
    """Mark in `todo` what changes: 1 background alone, 2 to be looked at with rays; 0 as before."""
    h, w = todo.shape
    n = things.shape[0]
    dark, was_seen, was_dark = np.empty_like(seen), np.empty_like(seen), np.empty_like(seen)
    _boxes(things, camera, sky, h, w, seen, dark)
    _boxes(earlier, camera, sky, h, w, was_seen, was_dark)
    hull = np.empty_like(seen)
    for k in range(n):
        moved = False
        for c in range(things.shape[1]):
            moved = moved or things[k, c] != earlier[k, c]
        if moved:
            # A shadow also falls on things between its owner and the ground.
            for side in range(4):
                a, b = seen[k, side], dark[k, side]
                c, d = was_seen[k, side], was_dark[k, side]
                hull[k, side] = max(a, b, c, d) if side & 1 else min(a, b, c, d)
            _mark(todo, hull, k, 1)
    for k in range(n):
        for boxes in (seen, dark):
            for i in range(boxes[k, 0], boxes[k, 1]):
                for j in range(boxes[k, 2], boxes[k, 3]):
                    if todo[i, j] > 0:
                        todo[i, j] = 2


@compiled
def draw(
    frame: Bytes, ids: Bytes, draft: Array, todo: Bytes, back: Array, camera: Array,
    things: Array, earlier: Array, bites: Array, sky: Array,
) -> None:  # fmt: skip
    """Bring `frame` `[h w 3]`, `ids` `[h w]` and `draft` `[h w 3]` from the earlier state to this one.

    Args:
        draft: the frame before its edges are smoothed.
        todo: 1 where everything is to be drawn anew, 0 where only what has moved is; comes back
            with 2 where rays were cast.
        things, earlier: rows as in `trace`, now and when the frame was last drawn.
        camera, sky: as in `background.paint`; sky goes on with the tint of things (3) and the
            strength of shadows (1).
    """
    h, w = ids.shape
    ray = np.empty(6, np.float32)
    seen = np.empty((things.shape[0], 4), np.int32)
    _plan(todo, things, earlier, camera, sky, seen)
    for i in range(h):
        for j in range(w):
            if todo[i, j] == 2:
                _aim(camera, ray, i + 0.5, j + 0.5, h, w)
                which, red, green, blue = _colour(things, bites, seen, ray, sky, back[i, j], i, j)
                ids[i, j] = which
                draft[i, j, 0], draft[i, j, 1], draft[i, j, 2] = red, green, blue
            elif todo[i, j] == 1:
                ids[i, j] = GROUND_ID if back[i, j, 3] > 0.0 else SKY_ID
                for c in range(3):
                    draft[i, j, c] = back[i, j, c]
    for i in range(h):
        for j in range(w):
            if todo[i, j] == 0:
                continue
            if _differs(ids, draft, i, j, h, w):
                _smooth(frame, i, j, h, w, things, bites, seen, ray, sky, back[i, j], camera)
            else:
                for c in range(3):
                    frame[i, j, c] = _byte(draft[i, j, c])


@compiled
def _smooth(
    frame: Bytes, i: int, j: int, h: int, w: int, things: Array, bites: Array, seen: Boxes,
    ray: Array, sky: Array, back: Array, camera: Array,
) -> None:  # fmt: skip
    """The mean of four rays on a turned grid."""
    red, green, blue = 0.0, 0.0, 0.0
    for k in range(4):
        u = 0.125 + 0.25 * ((2 * k + 1) % 4 if k < 2 else (2 * k) % 4)
        v = 0.125 + 0.25 * k
        _aim(camera, ray, i + v, j + u, h, w)
        _, r, g, b = _colour(things, bites, seen, ray, sky, back, i, j)
        red, green, blue = red + r, green + g, blue + b
    frame[i, j, 0], frame[i, j, 1] = _byte(0.25 * red), _byte(0.25 * green)
    frame[i, j, 2] = _byte(0.25 * blue)
