"""What an edit makes new. In: its values, its sources, the length of its film. Out: the frames that were dreamt."""

from collections.abc import Sequence

from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.loop import Loop
from kinora.timeline.recut import Recut, trim
from kinora.timeline.region import Change
from kinora.timeline.retake import Retake
from kinora.timeline.source import Source


def fresh(edit: Edit, given: Sequence[Source], *, frames: int, time: int) -> tuple[int, int]:
    """Which frames of the edited film are new, from the first to the last (exclusive).

    Args:
        edit: the values of any edit but `Blend`.
        given: its sources; none for pictures.
        frames: of the whole film.
        time: frames that a latent spans.
    """
    match edit:
        case Extend(backward=True):
            return 0, frames - len(given[0].clip) + 1
        case Extend() | Loop():
            return len(given[0].clip), frames
        case Recut():
            return len(trim(given[0], edit.start, edit.stop, time=time).clip), frames
        case Retake() | Change():
            rate = given[0].clip.fps
            last = frames if edit.stop is None else min(frames, round(edit.stop * rate))
            return min(round(edit.start * rate), last - 1), last
        case _:
            return 0, frames
