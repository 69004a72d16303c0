"""Where everything is in every frame. In: physics. Out: arrays that the look draws."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.scene import Scene, Vec3

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Bite:
    """A sphere taken out of thing `cookie` for good, from `frame` on, in the cookie's own frame."""

    cookie: int
    frame: int
    centre: Vec3
    radius: float


@dataclass(frozen=True, eq=False)
class Motion:
    """The course of a scene.

    Args:
        positions: `[t n 3]` metres.
        quaternions: `[t n 4]`, `w x y z`.
        gazes: `[t n 3]` unit vectors in the thing's own frame; only eyes use them.
        bites: in the order in which they are taken.
    """

    positions: Array
    quaternions: Array
    gazes: Array
    bites: tuple[Bite, ...] = ()


FORWARD: Vec3 = (0.0, -1.0, 0.0)
"""The way a thing faces in its own frame."""


def at_rest(scene: Scene) -> Motion:
    """Every thing where it starts, in every frame."""
    t, n = scene.frames, len(scene.things)
    positions = np.array([thing.position for thing in scene.things], np.float32)
    quaternions = np.array([thing.quaternion for thing in scene.things], np.float32)
    return Motion(
        positions=np.tile(positions.reshape(1, n, 3), (t, 1, 1)),
        quaternions=np.tile(quaternions.reshape(1, n, 4), (t, 1, 1)),
        gazes=np.tile(np.array(FORWARD, np.float32), (t, n, 1)),
    )
