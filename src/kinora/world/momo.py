"""What only Momo does: look and eat. In: physics as it runs. Out: gazes, and bites that stay.

A bite is taken where the mouth enters what is left of the cookie, in the instant it does.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinora.world.drive import Data, Drive, Pairs
from kinora.world.motion import Bite
from kinora.world.scene import Thing

Gazes = NDArray[np.float32]
# Heights at which one bite follows another, in radii of the cookie.
_NIBBLES = (0.0, 0.5, -0.45, 0.1, 0.6, -0.6)
_MOUTH = (0.80, -0.25)


def yaw_of(thing: Thing) -> float:
    """The turn about z of an upright thing."""
    return 2.0 * math.atan2(thing.quaternion[3], thing.quaternion[0])


class Look(Drive):
    """Turns the eyes: to a target, or from side to side."""

    def show(self, frame: int, data: Data, gazes: Gazes, bites: list[Bite]) -> None:
        """Ease towards where there is something to see."""
        h = self.happening
        since = data.time - h.start
        ease = min(1.0, max(0.0, since / 0.4))
        if h.target is not None:
            aim = _towards(data, h.actor, h.target, yaw=yaw_of(self.thing))
        else:
            side = 0.8 * math.sin(2.0 * math.pi * since / 2.4)
            aim = np.array([math.sin(side), -math.cos(side), 0.0])
        mixed = (1.0 - ease) * np.array([0.0, -1.0, 0.0]) + ease * aim
        gazes[frame, h.actor] = mixed / np.linalg.norm(mixed)


class Eat(Drive):
    """Lunges at a cookie at every beat and comes back with a bite of it."""

    def begin(self, data: Data) -> None:
        """Nothing is eaten yet."""
        self.taken: list[Bite] = []
        self.lunges = 0
        self.lunging = False

    def step(self, data: Data, close: Pairs) -> None:
        """Forward until it bites, then back to where it stood."""
        h = self.happening
        if self.lunges < len(h.beats) and data.time >= h.beats[self.lunges]:
            self.lunges += 1
            self.lunging = True
        back = 6.0 * (self.thing.position[0] - float(data.xpos[h.actor + 1][0]))
        pace = h.speed * h.heading if self.lunging else max(-h.speed, min(h.speed, back))
        self.body.set_speed(data, x=pace)
        self.body.set_depth_speed(data, 0.0)
        self.body.set_turn(data, 0.0)
        if self.lunging:
            self._snap(data)

    def _snap(self, data: Data) -> None:
        """Take the bite as soon as the mouth is inside what is left; give up past the middle."""
        h, scale = self.happening, self.thing.scale
        assert h.target is not None, h
        cookie = self.scene.things[h.target].scale
        way = (data.xpos[h.actor + 1] - data.xpos[h.target + 1]) / cookie
        u = float(way[0]) + _MOUTH[0] * math.sin(yaw_of(self.thing)) * scale / cookie
        v = float(way[2]) + _MOUTH[1] * scale / cookie + _NIBBLES[(self.lunges - 1) % 6]
        v = max(-0.7, min(0.7, v))
        if _depth(u, v, self.taken) > 0.08:
            frame = math.ceil(float(data.time) * self.scene.fps - 1e-6)
            radius = max(0.36, min(0.50, 0.55 * scale / cookie))
            self.taken.append(Bite(h.target, frame, (u, 0.0, v), radius))
            self.lunging = False
        elif u * h.heading > 0.3:
            self.lunging = False

    def show(self, frame: int, data: Data, gazes: Gazes, bites: list[Bite]) -> None:
        """Look at the cookie; hand over the bites."""
        h = self.happening
        assert h.target is not None, h
        gazes[frame, h.actor] = _towards(data, h.actor, h.target, yaw=yaw_of(self.thing))
        bites += [bite for bite in self.taken if bite not in bites]


def _depth(u: float, v: float, bites: Sequence[Bite]) -> float:
    """How deep a point of the cookie's disc lies inside what is left of it; negative outside."""
    depth = 1.0 - math.hypot(u, v)
    for bite in bites:
        depth = min(depth, math.hypot(u - bite.centre[0], v - bite.centre[2]) - bite.radius)
    return depth


def _towards(data: Data, actor: int, target: int, *, yaw: float) -> NDArray[np.float64]:
    """Unit vector from one thing to another in the frame of the first, not behind its back."""
    way = data.xpos[target + 1] - data.xpos[actor + 1]
    c, s = math.cos(yaw), math.sin(yaw)
    aim = np.array([c * way[0] + s * way[1], -s * way[0] + c * way[1], way[2]])
    aim /= max(1e-9, float(np.linalg.norm(aim)))
    aim[1] = min(aim[1], -0.45)
    return np.asarray(aim / np.linalg.norm(aim))
