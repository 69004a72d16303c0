"""A scene as it played out. In: a scene and its motion. Out: whether what was meant did happen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.camera import poses
from kinora.world.motion import Motion
from kinora.world.scene import Happening, Scene

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Touch:
    """Two things begin to touch at `time` seconds; -1 is the ground."""

    time: float
    first: int
    second: int


@dataclass(frozen=True)
class Take:
    """A scene, how it moves, and who touches whom."""

    scene: Scene
    motion: Motion
    touches: tuple[Touch, ...] = ()


def stays_in_view(take: Take) -> bool:
    """Whether every thing's centre stays inside the picture; what falls may come from above."""
    scene = take.scene
    places = take.motion.positions.astype(np.float64)
    cameras, views = poses(scene)
    seen = np.stack(
        [p.project(places[t], aspect=scene.aspect) for t, p in enumerate(cameras)], axis=0
    )
    column, row, depth = np.moveaxis(seen, -1, 0)
    falls = {h.actor for h in scene.happenings if h.name in ("falls", "stacks")}
    falling = np.array([index in falls for index in range(len(scene.things))])
    under_way = np.arange(scene.frames) < scene.frames - 1
    low = np.where(falling & under_way[:, None], -9.0, 0.04)
    scales = np.array([thing.scale for thing in scene.things])
    front = np.array([view == "front" for view in views])[:, None]
    # Most of a thing stays inside the edges; from other sides it may come closer to them.
    wide = scene.camera.focal * scales / np.maximum(depth, 0.1) / scene.aspect**0.5
    edge = np.where(front, np.maximum(0.04, 0.7 * wide), 0.3 * wide)
    inside = (column > edge) & (column < 1.0 - edge) & (row > low) & (row < 0.93)
    near = np.where(front, 2.6, 4.4) * scales
    apart = _apart(
        column, wide, hidden=np.array([view in ("left", "right", "back") for view in views])
    )
    return apart and bool((inside & (depth > near)).all())


def _apart(column: Array, wide: Array, *, hidden: NDArray[np.bool_]) -> bool:
    """Whether no thing hides another in the frames `[t]` that a cut shows from the side or behind."""
    gaps = np.abs(column[:, :, None] - column[:, None, :])
    room = 0.6 * (wide[:, :, None] + wide[:, None, :])
    clear = (gaps > room) | np.eye(column.shape[1], dtype=bool)
    return bool(clear[hidden].all())


def comes_true(take: Take) -> bool:
    """Whether physics made happen what the scene is about."""
    return all(_came_true(take, happening) for happening in take.scene.happenings)


def _came_true(take: Take, h: Happening) -> bool:
    places = take.motion.positions
    way = places[-1] - places[0]
    if h.target is None:
        return True
    end, start = places[-1], places[0]
    checks: dict[str, bool] = {
        "bumps into": bool(abs(way[h.target, 0]) > 0.12),
        "pushes": bool(way[h.target, 0] * h.heading > 0.3),
        "stacks": bool(
            end[h.actor, 2] - end[h.target, 2] > 1.2 * take.scene.things[h.target].scale
        ),
        "topples": bool(end[h.target, 2] < 0.62 * start[h.target, 2]),
        "eats": len(take.motion.bites) > 0,
        "passes behind": bool(abs(way[h.actor, 0]) > 1.0),
    }
    return checks.get(h.name, True)
