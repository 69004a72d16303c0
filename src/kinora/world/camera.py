"""Where the camera is. In: a scene's camera, a frame, a view. Out: the pose the ray caster reads.

The focal length counts in units of the square root of the picture's area, so a thing covers the
same share of the picture at any aspect.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.scene import Camera, Vec3

VIEWS = ("front", "left", "right", "back", "above")


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
        """`[... 3]` world points to `[... 3]`: column and row in 0..1 of the picture, depth in metres."""
        seen = (points - np.array(self.eye)) @ self.axes().T
        depth = np.maximum(seen[..., 2], 1e-3)
        column = 0.5 + self.focal * seen[..., 0] / depth / math.sqrt(aspect)
        row = 0.5 + self.focal * seen[..., 1] / depth * math.sqrt(aspect)
        return np.stack([column, row, seen[..., 2]], axis=-1)


def stand(*, aspect: float, horizon: float, stage: float, distance: float, focal: float) -> Camera:
    """A camera that puts the horizon and the middle of the stage at these rows (0 top, 1 bottom)."""
    tall = focal * math.sqrt(aspect)
    pitch = math.atan((0.5 - horizon) / tall)
    # The stage's middle lies `drop` below the eye, seen at the angle of its row.
    drop = distance * math.tan(pitch + math.atan((stage - 0.5) / tall))
    return Camera(eye=(0.0, -distance, drop), yaw=0.0, pitch=pitch, focal=focal)


def pose(camera: Camera, progress: float = 0.0) -> CameraPose:
    """The camera after a share `progress` in 0..1 of its move."""
    return CameraPose(camera.eye, camera.yaw, camera.pitch, camera.focal)
