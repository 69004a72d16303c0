import numpy as np

from kinora.core.clip import Clip
from kinora.evaluate.flicker import flicker


def test_a_frozen_clip_does_not_flicker_and_a_known_change_counts_exactly() -> None:
    frames = np.full((5, 8, 8, 3), 100, np.uint8)
    assert flicker(Clip(frames, 8.0)) == 1.0
    frames[1::2] += 51
    assert abs(flicker(Clip(frames, 8.0)) - 0.8) < 1e-6


def test_injected_flicker_scores_worse(bounce: Clip) -> None:
    light = (1 + 0.08 * (-1) ** np.arange(len(bounce)))[:, None, None, None]
    worse = Clip((bounce.frames * light).clip(0, 255).astype(np.uint8), bounce.fps)
    assert flicker(worse) < flicker(bounce) - 0.01
