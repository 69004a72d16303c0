"""What is measured of every film. In: its frames. Out: how its end differs from its beginning, how its seams lie.

A long film made piece by piece loses itself slowly, and an edit is only as good as its seams: the sidecar
tells both, so that nobody has to believe that they hold.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kinora.core.clip import Frames
from kinora.core.config import Config

END = 0.15
"""Share of the frames that is a film's beginning, and its end."""
LONG = 10.0
"""Seconds from which a film is asked for its drift: in a shorter one what changes is what happens."""
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Shares of red, green and blue in brightness (ITU-R BT.709)."""

Tally = NDArray[np.float64]
"""`[t 5]`: of every frame mean red, green, blue, mean square of brightness, mean gradient; full scale is 1."""


class Drift(Config):
    """Changes from the first 15 % of the frames to the last; 0 is none.

    Args:
        colour: distance of the mean colours, in shares of full scale.
        contrast: last over first standard deviation of brightness, less one.
        sharpness: last over first mean gradient, less one.
    """

    colour: float
    contrast: float
    sharpness: float


class Seam(Config):
    """Where given frames meet dreamt ones.

    Args:
        at: seconds into the film.
        step: root mean square distance of the two frames there, 0 to 255.
        usual: what 95 of 100 steps of the given frames do not exceed.
    """

    at: float
    step: float
    usual: float


class Measured(Config):
    """What is measured of a film; no drift of short ones, and where words or cameras change, which is wanted."""

    seams: tuple[Seam, ...] = Field(default=())
    drift: Drift | None = None

    def lines(self) -> tuple[str, ...]:
        """The same for a reader."""
        seams = (
            f"the seam at {seam.at:g} s is a step of {seam.step:.1f}; "
            f"of the given frames' own, 95 of 100 are at most {seam.usual:.1f}"
            for seam in self.seams
        )
        if self.drift is None:
            return tuple(seams)
        change = self.drift
        return (
            *seams,
            f"from the first 15 % to the last, colours moved by {change.colour:.1%} of full scale, "
            f"contrast by {change.contrast:+.0%}, sharpness by {change.sharpness:+.0%}",
        )


def tally(frames: Frames) -> Tally:
    """What `drift` needs to know of frames `[t h w 3]`."""
    return np.array([_of_frame(frame) for frame in frames], np.float64).reshape(-1, 5)


def drift(tallies: Tally) -> Drift | None:
    """How the end of a film differs from its beginning, from the tally of all its frames; None for a still."""
    count = len(tallies)
    if count < 2:
        return None
    few = max(1, round(count * END))
    first, last = (tallies[part].mean(0) for part in (slice(few), slice(-few, None)))
    return Drift(
        colour=float(np.linalg.norm(last[:3] - first[:3])),
        contrast=_over(_deviation(last), _deviation(first)),
        sharpness=_over(last[4], first[4]),
    )


def _of_frame(frame: Frames) -> list[float]:
    light = frame.astype(np.float32) @ LUMA / 255.0
    gradient = np.abs(np.diff(light, axis=0)).mean() + np.abs(np.diff(light, axis=1)).mean()
    return [*(frame.mean((0, 1)) / 255.0), float(np.square(light).mean()), float(gradient)]


def _deviation(mean: Tally) -> float:
    """Standard deviation of brightness over frames of which this is the mean tally."""
    return float(np.sqrt(max(mean[3] - (mean[:3] @ LUMA) ** 2, 0.0)))


def _over(after: float, before: float) -> float:
    return float(after / max(before, 1e-4) - 1.0)
