import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.evaluate.seam import seam_distance


def test_a_jump_is_a_seam_and_steady_motion_is_not(bounce: Clip) -> None:
    assert 0.5 < seam_distance(bounce, 8) < 1.5
    jump = Clip(np.concatenate([bounce.frames[:8], bounce.frames[11:]]), bounce.fps)
    assert seam_distance(jump, 8) > 1.5


def test_a_place_without_a_step_is_refused(bounce: Clip) -> None:
    for at in (0, 17, -1):
        with pytest.raises(UsageError):
            seam_distance(bounce, at)
