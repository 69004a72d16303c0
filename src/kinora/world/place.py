"""Where things begin. In: a thing and a camera. Out: turns, scales and heights that frame it well.

Sizes are shares of the picture's area, because that is what a viewer sees.
"""

import math
from collections.abc import Mapping

import numpy as np

from kinora.world.extent import LYING, REST, half_height, half_width, silhouette
from kinora.world.render import turns
from kinora.world.scene import Camera, Quat, Thing

AREAS: Mapping[bool, Mapping[str, tuple[float, float]]] = {
    True: {"small": (0.033, 0.044), "medium": (0.060, 0.082), "large": (0.105, 0.138)},
    False: {"small": (0.027, 0.034), "medium": (0.044, 0.056), "large": (0.070, 0.090)},
}
"""Share of the picture by size word, for a thing alone and for a thing in company."""


def quaternion(*, yaw: float, lying: bool = False) -> Quat:
    """A turn about z, after laying the thing's axis flat along x if it lies."""
    c, s = math.cos(yaw / 2), math.sin(yaw / 2)
    if not lying:
        return (c, 0.0, 0.0, s)
    r = math.sqrt(0.5)
    return (c * r, -s * r, c * r, s * r)


def turned(kind: str, *, stance: str, rng: np.random.Generator) -> Quat:
    """A turn in which the kind is easy to recognise."""
    if stance == "lies":
        return quaternion(yaw=rng.uniform(-0.8, 0.8), lying=True)
    reach = {"ring": 0.6, "cookie": 0.6, "momo": 0.6}.get(kind, math.pi)
    return quaternion(yaw=rng.uniform(-reach, reach))


def scale_for(thing: Thing, *, area: float, camera: Camera) -> float:
    """The scale at which the thing covers `area` of the picture where it is."""
    depth = thing.position[1] - camera.eye[1]
    line = np.array([0.0, depth, thing.position[2] + 0.6 - camera.eye[2]])
    view = line / np.linalg.norm(line)
    turn = turns(np.array([thing.quaternion]))[0]
    flat = silhouette(thing.kind, turn, view=view, hat=bool(thing.hat))
    return math.sqrt(area / flat) * depth / camera.focal


def reach(thing: Thing) -> tuple[float, float]:
    """How far the thing reaches sideways and upwards from its centre, in metres."""
    turn = turns(np.array([thing.quaternion]))[0]
    hat = bool(thing.hat)
    wide = half_width(thing.kind, turn, hat=hat) * thing.scale
    return wide, half_height(thing.kind, turn, hat=hat) * thing.scale


def rest_height(thing: Thing) -> float:
    """Height of the centre when the thing touches the ground in its stance."""
    table = LYING if thing.stance == "lies" else REST
    return table[thing.kind] * thing.scale


def stage_half_width(camera: Camera, *, aspect: float) -> float:
    """Half the width of what the picture shows at the middle of the stage, in metres."""
    return 0.5 * -camera.eye[1] * math.sqrt(aspect) / camera.focal


def ceiling(camera: Camera, *, aspect: float, depth: float) -> float:
    """The height in metres that the picture's upper edge reaches at this depth."""
    tall = camera.focal * math.sqrt(aspect)
    return camera.eye[2] + depth * math.tan(math.atan(0.47 / tall) - camera.pitch)
