"""Flicker. In: a clip. Out: 0..1, 1 if no pixel changes from one frame to the next (VBench's formula).

Only meaningful between films of the same motion: a thing that moves also changes pixels.
"""

import numpy as np

from kinora.core.clip import Clip


def flicker(clip: Clip) -> float:
    """VBench's temporal flickering score (arXiv:2311.17982): `1 - mean |frame - next frame| / 255`."""
    if len(clip) < 2:
        return 1.0
    changes = [
        np.abs(after.astype(np.float32) - before).mean()
        for before, after in zip(clip.frames[:-1], clip.frames[1:], strict=True)
    ]
    return float(1.0 - np.mean(changes) / 255.0)
