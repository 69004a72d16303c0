"""Warp error. In: a clip. Out: what is left after each frame was moved to where the next one has it.

Classical optical flow (dense inverse search, arXiv:1603.03590) from OpenCV; pixels that are covered or
uncovered, where forward and backward flow disagree, do not count.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.core.clip import Clip
from kinora.core.errors import KinoraError

Picture = NDArray[np.uint8]
Flow = NDArray[np.float32]


def warp_error(clip: Clip) -> float:
    """Root mean squared difference in 0..1 over the pixels that both frames show; 0 for a still."""
    if len(clip) < 2:
        return 0.0
    pairs = zip(clip.frames[:-1], clip.frames[1:], strict=True)
    return float(np.mean([_pair_error(before, after) for before, after in pairs]))


def _pair_error(before: Picture, after: Picture) -> float:
    there, back = flow(before, after), flow(after, before)
    moved = _pull(after, there)
    closed = there + _pull(back, there)
    slack = 0.5 + 0.05 * (np.linalg.norm(there, axis=-1) + np.linalg.norm(back, axis=-1))
    seen = np.linalg.norm(closed, axis=-1) < slack
    error = (moved.astype(np.float32) - before.astype(np.float32)) / 255.0
    return float(np.sqrt(np.square(error[seen]).mean())) if seen.any() else 1.0


def flow(before: Picture, after: Picture) -> Flow:
    """Where each pixel of `before` is in `after`: `[h w 2]`, x and y in pixels.

    Raises:
        KinoraError: OpenCV is not installed.
    """
    cv2 = _opencv()
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after)]
    found: Flow = search.calc(gray[0], gray[1], None)
    return found


def _pull(source: NDArray[Any], there: Flow) -> NDArray[Any]:
    """The source's values at the places that the flow points to."""
    cv2 = _opencv()
    rows, columns = there.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    pulled: NDArray[Any] = cv2.remap(
        source, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )
    return pulled


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise KinoraError(
            "the warp error needs OpenCV",
            why="it is not installed",
            remedy="Type: pip install 'kinora[evaluate]'",
        ) from error
    return cv2
