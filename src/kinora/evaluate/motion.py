"""Motion energy. In: a clip. Out: how much the picture changes, so that stillness cannot pass for calm."""

import numpy as np

from kinora.core.clip import Clip

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
STEP = 0.05
"""Share of full scale by which a pixel must change to count as moving."""


def motion_energy(clip: Clip) -> float:
    """Mean share of pixels whose brightness changes noticeably from one frame to the next, 0..1."""
    if len(clip) < 2:
        return 0.0
    light = clip.frames.astype(np.float32) @ LUMA / 255.0
    return float((np.abs(np.diff(light, axis=0)) > STEP).mean())
