"""Seams: the true frames stand at both ends, and the difference fades evenly."""

import numpy as np

from kinora.core.clip import Frames
from kinora.timeline.seam import calm, jump, jumps, land, leave, liveliest


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


def test_a_step_is_no_larger_than_the_limit_and_fades() -> None:
    calmed = calm(flat(10, 110, 110, 110, 110, 110, 110), 50.0)
    assert calmed[:, 0, 0, 0].tolist() == [10, 60, 70, 80, 90, 100, 110]
    assert calm(flat(10, 110, 110, 110), 50.0, over=1)[:, 0, 0, 0].tolist() == [10, 60, 85, 110]
    assert calm(flat(110, 10, 10), 0.0)[:, 0, 0, 0].tolist() == [110, 110, 90]


def test_a_usual_step_is_left_alone() -> None:
    frames = flat(10, 40, 90)
    assert calm(frames, 30.0) is frames


def test_rounding_keeps_within_the_limit() -> None:
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (6, 8, 8, 3), np.uint8)
    assert jump(*calm(frames, 3.3)[:2]) <= 3.3


def test_the_liveliest_step_of_several_clips() -> None:
    assert liveliest((flat(*range(0, 200, 10)), flat(0, 200))) < 200
    assert liveliest((flat(0, 7),)) == 7
    assert liveliest((flat(5),)) == liveliest(()) == float("inf")
