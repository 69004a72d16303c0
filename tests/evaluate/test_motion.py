from kinora.core.clip import Clip
from kinora.evaluate.motion import motion_energy


def test_a_still_clip_has_no_energy_and_a_faster_one_more(bounce: Clip) -> None:
    fast = Clip(bounce.frames[::3], bounce.fps)
    frozen = Clip(bounce.frames[[0, 0, 0]], bounce.fps)
    assert motion_energy(frozen) == 0.0
    assert 0 < motion_energy(bounce) < motion_energy(fast) < 0.5
