"""Colour at half size. In: an sRGB frame. Out: the 4:2:0 planes that come back nearest to it when read.

The usual way shrinks the colour planes with one filter and enlarges them with another, half a sample
apart, so colour moves and fades with every generation of a film. Here shrinking is the least-squares inverse
of the enlarging that `media.read` does (Keys 1981, bicubic, a = -0.6): what was read is written as it was.
"""

from functools import cache, lru_cache

import av
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

SHARPNESS = -0.6
CENTRE, LEFT = 0.5, 0.0
"""Where the first sample lies, in pixels: 4:2:0 of H.264 unless it says otherwise (ITU-T H.264, E.2.1)."""

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""BT.709 (ITU-R BT.709-6, 3.2)."""

FULL_SCALE = ((2, 1.8556), (0, 1.5748))
"""Cb and Cr: the channel that luma is taken from, and the divisor (BT.709-6, 3.3)."""


def with_colour(picture: av.VideoFrame, frame: NDArray[np.uint8]) -> av.VideoFrame:
    """The `yuv420p` picture of a frame `[h w 3]` with colour planes that read back nearest to it."""
    light = frame.astype(np.float32) / 255
    luma = light @ LUMA
    rows, columns = _shrinking(frame.shape[0], CENTRE), _shrinking(frame.shape[1], LEFT)
    with _matrix_threads().limit(limits=1):
        for plane, (channel, divisor) in zip(picture.planes[1:], FULL_SCALE, strict=True):
            colour = (light[..., channel] - luma) / divisor
            small = 128 + 224 * (rows @ colour @ columns.T)
            padded = np.zeros((plane.height, plane.line_size), np.uint8)
            padded[:, : plane.width] = np.clip(np.rint(small), 16, 240)
            plane.update(padded.tobytes())
    return picture


@cache
def _matrix_threads() -> ThreadpoolController:
    """The threads on which numpy multiplies matrices.

    They wait for each other by spinning: where the networks and the encoder have the cores, a product of half a
    millisecond took sixty.
    """
    return ThreadpoolController().select(internal_api="openblas")


@lru_cache(maxsize=16)
def _shrinking(size: int, first: float) -> NDArray[np.float32]:
    """`[size / 2, size]`: the least-squares inverse of `_enlarging`."""
    large = _enlarging(size, first)
    inverse: NDArray[np.float32] = np.linalg.solve(large.T @ large, large.T).astype(np.float32)
    return inverse


def _enlarging(size: int, first: float) -> NDArray[np.float64]:
    """`[size, size / 2]`: every pixel from the four samples around it, edges repeated."""
    half = size // 2
    matrix = np.zeros((size, half))
    place = (np.arange(size) - first) / 2
    before = np.floor(place).astype(int) - 1
    for tap in range(4):
        weight = _keys(np.abs(place - (before + tap)))
        np.add.at(matrix, (np.arange(size), np.clip(before + tap, 0, half - 1)), weight)
    return matrix


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic kernel at distances `x` of 0 to 2 samples."""
    a = SHARPNESS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x < 1, near, far)
