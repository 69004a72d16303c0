"""Where the camera is. In: a scene's camera, a frame, a view. Out: the pose the ray caster reads.

The focal length counts in units of the square root of the picture's area, so a thing covers the
same share of the picture at any aspect.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.scene import Camera, Scene, Vec3

MOVES = (
    "still",
    "pan left",
    "pan right",
    "orbit left",
    "orbit right",
    "dolly in",
    "dolly out",
    "rise",
)
# Radians by which a view is turned about the centre, to the right as seen from above.
_TURNS = {"left": -0.5 * math.pi, "right": 0.5 * math.pi, "back": math.pi}


@dataclass(frozen=True)
class CameraPose:
    """A camera in one frame; angles in radians, yaw to the left of +y, pitch downwards."""

    eye: Vec3
    yaw: float
    pitch: float
    focal: float

    def axes(self) -> NDArray[np.float64]:
        """Right, down, forward as rows `[3 3]`."""
        cy, sy, cp, sp = (
            math.cos(self.yaw),
            math.sin(self.yaw),
            math.cos(self.pitch),
            math.sin(self.pitch),
        )
        forward = (-sy * cp, cy * cp, -sp)
        right = (cy, sy, 0.0)
        down = (sy * sp, -cy * sp, -cp)
        return np.array([right, down, forward])

    def row(self, *, width: int, height: int) -> NDArray[np.float32]:
        """Eye, right, down, forward, focal length in pixels: 13 numbers."""
        pixels = self.focal * math.sqrt(width * height)
        return np.array([*self.eye, *self.axes().ravel(), pixels], np.float32)

    def project(self, points: NDArray[np.float64], *, aspect: float) -> NDArray[np.float64]:
        """World points `[... 3]` as `[... 3]`: column and row in 0..1, depth in metres."""
        seen = (points - np.array(self.eye)) @ self.axes().T
        depth = np.maximum(seen[..., 2], 1e-3)
        column = 0.5 + self.focal * seen[..., 0] / depth / math.sqrt(aspect)
        row = 0.5 + self.focal * seen[..., 1] / depth * math.sqrt(aspect)
        return np.stack([column, row, seen[..., 2]], axis=-1)


def stand(*, aspect: float, horizon: float, stage: float, distance: float, focal: float) -> Camera:
    """A camera with the horizon and the stage's middle at these rows (0 top, 1 bottom)."""
    tall = focal * math.sqrt(aspect)
    pitch = math.atan((0.5 - horizon) / tall)
    # The stage's middle lies `drop` below the eye, seen at the angle of its row.
    drop = distance * math.tan(pitch + math.atan((stage - 0.5) / tall))
    return Camera(eye=(0.0, -distance, drop), yaw=0.0, pitch=pitch, focal=focal)


def pose(camera: Camera, progress: float = 0.5, *, view: str = "front") -> CameraPose:
    """The camera after a share `progress` in 0..1 of its move; half-way it stands where it was put.

    Every other view looks at the same centre from the same distance, at the same moment.
    """
    step = (progress - 0.5) * camera.amount
    eye, centre = np.array(camera.eye), np.array(camera.centre)
    yaw, pitch = camera.yaw, camera.pitch
    turn = _TURNS.get(view, 0.0)
    match camera.move:
        case "pan left" | "pan right":
            yaw += step
        case "orbit left" | "orbit right":
            turn += step
        case "dolly in" | "dolly out":
            eye = eye + (centre - eye) * np.array([step, step, 0.6 * step])
        case "rise":
            flat = float(np.hypot(*(eye - centre)[:2]))
            up = float(eye[2] + step * flat * (1.3 if step > 0 else 0.6))
            pitch += math.atan2(up, flat) - math.atan2(float(eye[2]), flat)
            eye = np.array([eye[0], eye[1], up])
    if view == "above":
        return _above(camera, eye - centre)
    c, s = math.cos(turn), math.sin(turn)
    x, y, z = (float(value) for value in eye - centre)
    place = (centre[0] + c * x - s * y, centre[1] + s * x + c * y, centre[2] + z)
    return CameraPose(_vec3(place), yaw + turn, pitch, camera.focal)


def _above(camera: Camera, arm: NDArray[np.float64]) -> CameraPose:
    """Nearly straight down on the centre, from as far as the camera stands away."""
    steep = 1.25
    reach = float(np.linalg.norm(arm))
    x, y, _ = camera.centre
    eye = (x, y - reach * math.cos(steep), reach * math.sin(steep))
    return CameraPose(_vec3(eye), camera.yaw, steep, camera.focal)


def _vec3(values: Sequence[float]) -> Vec3:
    x, y, z = (round(float(value), 6) for value in values)
    return x, y, z


def poses(
    scene: Scene, *, view: str | None = None
) -> tuple[tuple[CameraPose, ...], tuple[str, ...]]:
    """The camera and the view of every frame; all of them from one `view` if it is given."""
    last = max(1, scene.frames - 1)
    views = tuple(
        view or next((cut.view for cut in reversed(scene.cuts) if cut.frame <= t), "front")
        for t in range(scene.frames)
    )
    return tuple(pose(scene.camera, t / last, view=v) for t, v in enumerate(views)), views
