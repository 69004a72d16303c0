"""Pictures of a scene. In: a scene and its motion. Out: frames `[t h w 3]` and ids `[t h w]`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinora.core.clip import Frames
from kinora.world.camera import CameraPose
from kinora.world.look.background import paint
from kinora.world.look.frame import draw
from kinora.world.look.sky import ground_code, sky_row
from kinora.world.look.trace import WIDTH
from kinora.world.motion import Motion
from kinora.world.scene import Scene, Thing
from kinora.world.vocabulary import KINDS, PALETTE

Ids = NDArray[np.uint8]
Array = NDArray[np.float32]


def render(
    scene: Scene, motion: Motion, *, poses: Sequence[CameraPose], width: int, height: int
) -> tuple[Frames, Ids]:
    """Draw every frame from its camera pose.

    Returns:
        frames `[t h w 3]` and ids `[t h w]`: 0 sky, 1 ground, 2 and up the things in order.
    """
    frames = np.empty((len(poses), height, width, 3), np.uint8)
    ids = np.empty((len(poses), height, width), np.uint8)
    sky = sky_row(ground=scene.ground, light=scene.light, sun=scene.sun)
    back = np.empty((height, width, 4), np.float32)
    draft = np.empty((height, width, 3), np.float32)
    things = np.stack([_thing_row(thing) for thing in scene.things])
    for t, camera_pose in enumerate(poses):
        camera = camera_pose.row(width=width, height=height)
        earlier = things.copy()
        bites = _place(things, motion, t)
        again = t > 0 and camera_pose == poses[t - 1]
        if again:
            frames[t], ids[t] = frames[t - 1], ids[t - 1]
        else:
            paint(back, camera, ground_code(scene.ground), sky, scene.seed & 0xFFFF)
            earlier = things
        todo = np.full((height, width), not again, np.uint8)
        draw(frames[t], ids[t], draft, todo, back, camera, things, earlier, bites, sky)
    return frames, ids


def _thing_row(thing: Thing) -> Array:
    row = np.zeros(WIDTH, np.float32)
    row[0] = KINDS.index(thing.kind)
    row[1] = thing.scale
    row[14:17] = PALETTE[thing.colour]
    row[17] = thing.finish == "shiny"
    row[18] = bool(thing.hat)
    if thing.hat:
        row[19:22] = PALETTE[thing.hat]
    return row


def _place(things: Array, motion: Motion, frame: int) -> Array:
    """Write the frame's places and turns into the rows; the bites taken so far `[n b 4]`."""
    n = len(things)
    things[:, 2:5] = motion.positions[frame]
    things[:, 5:14] = turns(motion.quaternions[frame]).reshape(n, 9)
    things[:, 22:25] = motion.gazes[frame]
    things[:, 25] = 0
    bites = np.zeros((n, max(1, len(motion.bites)), 4), np.float32)
    for bite in motion.bites:
        if bite.frame <= frame:
            count = int(things[bite.cookie, 25])
            bites[bite.cookie, count] = (*bite.centre, bite.radius)
            things[bite.cookie, 25] = count + 1
    return bites


def turns(quaternions: NDArray[np.floating]) -> NDArray[np.floating]:
    """Quaternions `[n 4]` (`w x y z`) as matrices `[n 3 3]` from the own frame to the world."""
    return np.array([_turn(*quaternion) for quaternion in quaternions.tolist()])


def _turn(w: float, x: float, y: float, z: float) -> list[list[float]]:
    return [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
