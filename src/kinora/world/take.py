"""A scene as it played out. In: a scene and its motion. Out: whether it shows what it means to show."""

from dataclasses import dataclass

import numpy as np

from kinora.world.camera import poses
from kinora.world.motion import Motion
from kinora.world.scene import Happening, Scene


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
    sides = np.where([view == "front" for view in views], 0.05, 0.02)[:, None]
    inside = (column > sides) & (column < 1.0 - sides) & (row > low) & (row < 0.93)
    near = np.array([thing.scale for thing in scene.things]) * 2.2
    return bool((inside & (depth > np.maximum(near, 2.4))).all())


def comes_true(take: Take) -> bool:
    """Whether physics made happen what the scene is about."""
    return all(_came_true(take, happening) for happening in take.scene.happenings)


def _came_true(take: Take, h: Happening) -> bool:
    places = take.motion.positions
    way = places[-1] - places[0]
    match h.name:
        case "bumps into" if h.target is not None:
            return abs(float(way[h.target, 0])) > 0.12
        case "pushes" if h.target is not None:
            return float(way[h.target, 0]) * h.heading > 0.3
        case "stacks" if h.target is not None:
            on = places[-1, h.actor, 2] - places[-1, h.target, 2]
            return bool(on > take.scene.things[h.target].scale * 1.2)
        case "topples" if h.target is not None:
            return bool(places[-1, h.target, 2] < 0.62 * places[0, h.target, 2])
        case "eats":
            return len(take.motion.bites) > 0
        case "passes behind":
            return abs(float(way[h.actor, 0])) > 1.0
        case _:
            return True
