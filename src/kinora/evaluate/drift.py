"""Drift. In: a clip. Out: how its end differs from its beginning in colour, contrast, sharpness, things.

Long films made piece by piece lose themselves slowly. The sidecar of every film tells what pixels alone can
say of it (`media/measure.py`); here the judge counts the things besides.
"""

from dataclasses import dataclass

from kinora.caption.judge import Judge
from kinora.core.clip import Clip, Frames
from kinora.core.errors import UsageError
from kinora.media import measure
from kinora.media.measure import END


@dataclass(frozen=True)
class Drift:
    """Changes over the film.

    Args:
        colour, contrast, sharpness: as in `kinora.media.measure.Drift`.
        things: last less first number of things, as the judge counts them.
    """

    colour: float
    contrast: float
    sharpness: float
    things: float


def drift(clip: Clip, judge: Judge) -> Drift:
    """How the end differs from the beginning.

    Raises:
        UsageError: a still has neither.
    """
    few = max(1, round(len(clip) * END))
    light = measure.drift(measure.tally(clip.frames))
    if light is None:
        raise UsageError("a still has no beginning and no end")
    first, last = (
        _count(frames, clip.fps, judge) for frames in (clip.frames[:few], clip.frames[-few:])
    )
    return Drift(**light.model_dump(), things=float(last - first))


def _count(frames: Frames, fps: float, judge: Judge) -> int:
    return len(judge.see(Clip(frames, fps)).things)
