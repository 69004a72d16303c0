"""Seams: the true frames stand at both ends, and the difference fades evenly."""

import numpy as np

from kinora.core.clip import Frames
from kinora.timeline.seam import jump, jumps, land, leave


def flat(*values: int) -> Frames:
    return np.stack([np.full((2, 2, 3), value, np.uint8) for value in values])


def test_landing_spreads_the_error() -> None:
    landed = land(flat(50, 50, 50, 50, 50, 50), flat(100)[0])
    assert landed[:, 0, 0, 0].tolist() == [50, 60, 70, 80, 90, 100]


def test_leaving_is_landing_backwards() -> None:
    left = leave(flat(50, 50, 50), flat(100)[0])
    assert left[:, 0, 0, 0].tolist() == [100, 90, 80]


def test_a_perfect_landing_changes_nothing() -> None:
    frames = flat(1, 2, 3, 4, 5, 6)
    assert np.array_equal(land(frames, frames[-1]), frames)


def test_values_stay_in_range() -> None:
    assert land(flat(250, 20), flat(255)[0]).max() == 255


def test_distances() -> None:
    assert jump(flat(10)[0], flat(13)[0]) == 3
    assert jumps(flat(1, 2, 4)) == [1, 2]
