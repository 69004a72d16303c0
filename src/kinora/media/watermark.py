"""A mark that is not seen and survives what usually happens to a film. In: frames. Out: frames; a verdict.

One soft pattern, tiled over the picture and the same in every frame, a few grey levels strong. Frames
are averaged, folded onto the tile and correlated with it at every shift, so cropping does no harm,
and at every scale that is tried.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kinora.core.clip import Frames
from kinora.core.seed import numpy_generator
from kinora.media.image import Frame

TILE = 64
"""Side of the pattern in pixels."""

BAND = (4, 13)
"""Waves in a tile: fewer are the picture's own, more are the first that codecs throw away."""

STRENGTH = 2.0
"""Standard deviation in grey levels (of 255)."""

SCALES = (1.0, 0.5, 0.75, 2.0, 1.5)
THRESHOLD = 7.0
"""Peak over noise. The largest of 4096 shifts and 5 scales of pure noise is near 4.5."""

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Whether the mark is there: `score` is the peak in standard deviations, at `scale`."""

    found: bool
    score: float
    scale: float


def mark(frame: Frame) -> Frame:
    """The frame `[h w 3]` with the mark; a change of a few grey levels, the same in all colours."""
    height, width = frame.shape[:2]
    tile = _tile()
    rows, columns = -(-height // TILE), -(-width // TILE)
    laid = np.tile(tile, (rows, columns))[:height, :width, None]
    marked: Frame = np.clip(np.rint(frame + STRENGTH * laid), 0, 255).astype(np.uint8)
    return marked


def find(frames: Iterable[Frames] | Frames) -> Verdict:
    """Look for the mark in frames `[t h w 3]`."""
    grey = _average(frames)
    best = Verdict(found=False, score=0.0, scale=1.0)
    for scale in SCALES:
        score = _score(_rescaled(grey, 1 / scale))
        if score > best.score:
            best = Verdict(found=score > THRESHOLD, score=round(score, 2), scale=scale)
    return best


@cache
def _tile() -> Plane:
    """The pattern `[TILE TILE]`: noise of one band of frequencies, mean 0, deviation 1."""
    noise = numpy_generator(1896, "watermark").standard_normal((TILE, TILE))
    waves = np.fft.fft2(noise)
    turns = np.fft.fftfreq(TILE, 1 / TILE)
    radius = np.hypot(turns[:, None], turns[None])
    waves[(radius < BAND[0]) | (radius > BAND[1])] = 0
    tile: Plane = np.fft.ifft2(waves).real
    return tile / tile.std()


def _average(frames: Iterable[Frames] | Frames) -> Plane:
    """Mean grey picture `[h w]` of all frames."""
    total, count = None, 0
    for frame in frames:
        grey = np.asarray(frame, dtype=np.float64).mean(-1)
        total = grey if total is None else total + grey
        count += 1
    assert total is not None, "a film has a frame"
    return np.asarray(total / count)


def _rescaled(grey: Plane, scale: float) -> Plane:
    if scale == 1:
        return grey
    height, width = (max(TILE, round(side * scale)) for side in grey.shape)
    picture = Image.fromarray(grey.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float64)


def _score(grey: Plane) -> float:
    """The highest correlation with the tile over all shifts, in standard deviations of all others."""
    height, width = (side // TILE * TILE for side in grey.shape)
    if not (height and width):
        return 0.0
    blocks = grey[:height, :width].reshape(height // TILE, TILE, width // TILE, TILE)
    pattern = np.fft.fft2(_tile())
    waves = np.fft.fft2(blocks, axes=(1, 3)) * (np.abs(pattern) > 0)[None, :, None, :]
    # Every wave of every block counts alike, so that one strong edge cannot drown the mark.
    folded = (waves / (np.abs(waves) + 1e-9)).sum((0, 2))
    match = np.fft.ifft2(folded * np.conj(pattern) / (np.abs(pattern) + 1e-9)).real
    peak = float(match.max())
    return (peak - float(match.mean())) / (float(match.std()) + 1e-12)
