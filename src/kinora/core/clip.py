"""A clip: frames with a rate. In: pixels. Out: one immutable value that media writes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""Pixels `[t h w 3]`, sRGB, 0..255."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames with a rate.

    Args:
        frames: `[t h w 3]` uint8, sRGB. One frame is a still.
        fps: frames a second.
    """

    frames: Frames
    fps: float

    def __post_init__(self) -> None:
        assert self.frames.ndim == 4, self.frames.shape
        assert self.frames.shape[-1] == 3, self.frames.shape
        assert self.frames.dtype == np.uint8, self.frames.dtype
        assert self.fps > 0, self.fps

    def __len__(self) -> int:
        return int(self.frames.shape[0])

    @property
    def height(self) -> int:
        """Rows of a frame, in pixels."""
        return int(self.frames.shape[1])

    @property
    def width(self) -> int:
        """Columns of a frame, in pixels."""
        return int(self.frames.shape[2])

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self) / self.fps
