"""Seam distance. In: a clip and where two parts meet. Out: how much larger that step is than others."""

import numpy as np

from kinora.core.clip import Clip
from kinora.core.errors import UsageError

NEAR = 8
"""Steps on either side that say what is usual."""


def seam_distance(clip: Clip, at: int) -> float:
    """The change from frame `at - 1` to `at` over the median change around it; 1 is seamless.

    Raises:
        UsageError: there is no step at this place, or none around it.
    """
    if len(clip) < 3 or not 1 <= at < len(clip):
        raise UsageError(
            f"there is no seam at frame {at}",
            why=f"the clip has {len(clip)} frames",
            remedy="Name a frame after the first one of a clip with at least three",
        )
    first, last = max(0, at - NEAR - 1), min(len(clip), at + NEAR + 1)
    frames = clip.frames[first:last].astype(np.float32)
    changes = np.sqrt(np.square(np.diff(frames, axis=0)).mean((1, 2, 3)))
    seam = at - 1 - first
    usual = float(np.median(np.delete(changes, seam)))
    return float(changes[seam] / max(usual, 0.25))
