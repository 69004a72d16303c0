"""Permanence. In: a clip. Out: whether what was there before something hid it is there again afterwards."""

from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.evaluate.identity import identity

END = 0.2


def permanence(clip: Clip, judge: Judge) -> float:
    """Share of the things of the first fifth of the frames that the last fifth shows too, 0..1.

    NaN if the first fifth shows nothing: what falls from above is not there yet.
    """
    few = max(1, round(len(clip) * END))
    first, last = (
        judge.see(Clip(frames, clip.fps)) for frames in (clip.frames[:few], clip.frames[-few:])
    )
    return identity([first, last]) if first.things else float("nan")
