import numpy as np

from kinora.core.clip import Clip
from kinora.evaluate.warp import flow, warp_error


def test_flow_finds_the_known_shift() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (12, 18, 1)).astype(np.uint8)
    picture = np.kron(coarse, np.ones((8, 8, 3), np.uint8))
    there = flow(picture, np.roll(picture, 3, axis=1))
    assert abs(float(np.median(there[20:-20, 20:-20, 0])) - 3) < 0.5


def test_motion_costs_little_and_flicker_much(bounce: Clip) -> None:
    light = (1 + 0.12 * (-1) ** np.arange(len(bounce)))[:, None, None, None]
    flickering = Clip((bounce.frames * light).clip(0, 255).astype(np.uint8), bounce.fps)
    calm = warp_error(bounce)
    assert calm < 0.03
    assert warp_error(flickering) > 2 * calm
    assert warp_error(Clip(bounce.frames[:1], 8.0)) == 0.0
