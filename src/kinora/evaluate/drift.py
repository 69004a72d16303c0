"""Drift. In: a clip. Out: how its end differs from its beginning in colour, contrast, sharpness, things.

Long films made piece by piece lose themselves slowly; each number is the change from the first 15 % of
the frames to the last 15 %, and 0 means none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.caption.judge import Judge
from kinora.core.clip import Clip, Frames

END = 0.15
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Drift:
    """Changes over the film.

    Args:
        colour: distance of the mean colours, in shares of full scale.
        contrast: last over first standard deviation of brightness, less one.
        sharpness: last over first mean gradient, less one.
        things: last less first number of things, as the judge counts them.
    """

    colour: float
    contrast: float
    sharpness: float
    things: float


def drift(clip: Clip, judge: Judge) -> Drift:
    """How the end differs from the beginning."""
    few = max(1, round(len(clip) * END))
    first, last = clip.frames[:few], clip.frames[-few:]
    before, after = _light(first), _light(last)
    colour = np.linalg.norm(first.mean((0, 1, 2)) - last.mean((0, 1, 2))) / 255.0
    return Drift(
        colour=float(colour),
        contrast=_over(float(after.std()), float(before.std())),
        sharpness=_over(_gradient(after), _gradient(before)),
        things=float(_count(last, clip.fps, judge) - _count(first, clip.fps, judge)),
    )


def _light(frames: Frames) -> NDArray[np.float32]:
    light: NDArray[np.float32] = frames.astype(np.float32) @ LUMA / 255.0
    return light


def _gradient(light: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(light, axis=1)).mean() + np.abs(np.diff(light, axis=2)).mean())


def _over(after: float, before: float) -> float:
    return after / max(before, 1e-4) - 1.0


def _count(frames: Frames, fps: float, judge: Judge) -> int:
    return len(judge.see(Clip(frames, fps)).things)
