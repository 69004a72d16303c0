"""What acts on purpose. In: happenings. Out: drives that set velocities while physics runs.

A drive never writes positions: MuJoCo moves everything, so contacts stay true.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.world.motion import Bite
from kinora.world.scene import Happening, Scene, Thing

Data = Any
"""`mujoco.MjData`."""
Pairs = set[tuple[int, int]]
GRAVITY = 9.81


@dataclass(frozen=True)
class Body:
    """Where a thing's numbers lie in MuJoCo's state.

    Args:
        joint: `free` (6 speeds), `upright` (x, y, z, yaw) or `wheel` (along, z, roll).
    """

    index: int
    joint: str
    first: int
    mass: float

    @classmethod
    def of(cls, model: Any, index: int, *, joint: str) -> "Body":
        """The body of thing `index`."""
        first, mass = int(model.body_dofadr[index + 1]), float(model.body_mass[index + 1])
        return cls(index, joint, first, mass)

    def set_speed(self, data: Data, *, x: float | None = None, z: float | None = None) -> None:
        """Set the speed along x (a wheel: along its heading) or upwards."""
        if x is not None:
            data.qvel[self.first] = x
        if z is not None:
            data.qvel[self.first + (1 if self.joint == "wheel" else 2)] = z

    def set_depth_speed(self, data: Data, y: float) -> None:
        """Set the speed along y; a wheel has none of its own."""
        if self.joint != "wheel":
            data.qvel[self.first + 1] = y

    def set_turn(self, data: Data, speed: float) -> None:
        """Set the turning speed about z of an upright thing."""
        if self.joint == "upright":
            data.qvel[self.first + 3] = speed


@dataclass
class Drive:
    """Drives one happening; the happenings that need more than a push at the start override."""

    happening: Happening
    scene: Scene
    body: Body

    @property
    def thing(self) -> Thing:
        """Who acts."""
        return self.scene.things[self.happening.actor]

    def begin(self, data: Data) -> None:
        """Set speeds before the first step."""

    def step(self, data: Data, close: Pairs) -> None:
        """Set speeds before a tick; `close` are the pairs that touch now, the ground is -1."""

    def show(self, frame: int, data: Data, gazes: NDArray[np.float32], bites: list[Bite]) -> None:
        """Write what only the eye sees: gazes `[t n 3]`, bites."""

    def grounded(self, close: Pairs) -> bool:
        """Whether the thing touches the ground."""
        return (-1, self.body.index) in close


class Roll(Drive):
    """Rolls from the first moment on, without slipping."""

    def begin(self, data: Data) -> None:
        """Speed along x (or along the wheel's heading) and the turn that belongs to it."""
        speed = self.happening.speed * self.happening.heading
        radius = self.thing.position[2]
        if self.body.joint == "wheel":
            self.body.set_speed(data, x=speed)
            data.qvel[self.body.first + 2] = speed / radius
            return
        # The axis of a lying cylinder need not point straight away from the camera.
        w, x, y, z = self.thing.quaternion
        axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x)])
        if self.thing.kind == "ball" or np.linalg.norm(axis) < 0.5:
            axis = np.array([0.0, 1.0])
        axis *= math.copysign(1.0, axis[1]) / np.linalg.norm(axis)
        data.qvel[self.body.first : self.body.first + 2] = speed * np.array([axis[1], -axis[0]])
        data.qvel[self.body.first + 3 : self.body.first + 5] = speed / radius * axis


class Glide(Drive):
    """Moves along x at an even speed, whatever it meets."""

    def step(self, data: Data, close: Pairs) -> None:
        """Keep the speed."""
        self.body.set_speed(data, x=self.happening.speed * self.happening.heading)
        self.body.set_depth_speed(data, 0.0)
        self.body.set_turn(data, 0.0)


class Throw(Drive):
    """Gets a speed at the start and is left to itself: slides, bounces across, bumps."""

    def begin(self, data: Data) -> None:
        """The one push."""
        self.body.set_speed(data, x=self.happening.speed * self.happening.heading)

    def step(self, data: Data, close: Pairs) -> None:
        """What stays upright also keeps its face to the camera."""
        self.body.set_turn(data, 0.0)


class Fall(Drive):
    """Waits above the picture and is let go."""

    def step(self, data: Data, close: Pairs) -> None:
        """Hold it until the time has come."""
        waits = data.time < self.happening.start
        data.qfrc_applied[self.body.first + 2] = self.body.mass * GRAVITY if waits else 0.0


class Spin(Drive):
    """Turns about its upright axis."""

    def step(self, data: Data, close: Pairs) -> None:
        """Keep turning."""
        if data.time >= self.happening.start:
            self.body.set_turn(data, self.happening.speed * (self.happening.heading or 1))


class Jump(Drive):
    """Jumps at every beat; `heading` carries it sideways until it lands."""

    aloft = False
    done = 0

    def step(self, data: Data, close: Pairs) -> None:
        """Push off at a beat, stop where it lands."""
        beats = self.happening.beats
        if self.done < len(beats) and data.time >= beats[self.done]:
            self.done += 1
            self.aloft = True
            lift = math.sqrt(2.0 * GRAVITY * self.happening.height)
            self.body.set_speed(data, z=lift, x=self.happening.speed * self.happening.heading)
            self.until = data.time + 1.2 * lift / GRAVITY
        elif self.aloft and data.time > self.until and self.grounded(close):
            self.aloft = False
            self.body.set_speed(data, x=0.0, z=0.0)
        elif not self.aloft:
            self.body.set_speed(data, x=0.0)
        self.body.set_depth_speed(data, 0.0)
        self.body.set_turn(data, 0.0)


class Circle(Drive):
    """Runs on a circle about the point behind its start."""

    def step(self, data: Data, close: Pairs) -> None:
        """Keep to the tangent, and to the circle."""
        h, start = self.happening, self.thing.position
        rate = h.speed / h.radius * h.heading
        angle = rate * data.time
        index = self.body.index + 1
        # The start is the circle's nearest point to the camera.
        x = start[0] + h.radius * math.sin(angle)
        y = start[1] + h.radius * (1.0 - math.cos(angle))
        pull = 8.0
        vx = h.radius * rate * math.cos(angle) + pull * (x - data.xpos[index][0])
        vy = h.radius * rate * math.sin(angle) + pull * (y - data.xpos[index][1])
        self.body.set_speed(data, x=vx)
        self.body.set_depth_speed(data, vy)
        self.body.set_turn(data, rate if self.thing.kind == "momo" else 0.0)
