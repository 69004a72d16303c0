import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.evaluate.first_frame import first_frame_fidelity


def test_the_same_picture_is_perfect_and_a_known_error_counts_exactly(bounce: Clip) -> None:
    picture = bounce.frames[:1]
    assert first_frame_fidelity(picture, bounce) == 60.0
    off = (picture.astype(np.int16) + np.where(picture > 127, -10, 10)).astype(np.uint8)
    assert abs(first_frame_fidelity(off, bounce) - 20 * np.log10(25.5)) < 1e-6


def test_another_size_is_refused(bounce: Clip) -> None:
    with pytest.raises(UsageError, match="size"):
        first_frame_fidelity(bounce.frames[0, :40], bounce)
