"""Which frames of an edited film are new."""

import pytest

from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.fresh import fresh
from kinora.timeline.loop import Loop
from kinora.timeline.perform import laid_out
from kinora.timeline.recut import Recut
from kinora.timeline.region import Change
from kinora.timeline.remix import Remix
from kinora.timeline.retake import Retake


@pytest.mark.parametrize(
    ("edit", "frames", "span"),
    [
        (Extend(seconds=1), 33, (25, 33)),
        (Extend(seconds=1, backward=True), 33, (0, 9)),
        (Loop(bridge="short"), 32, (25, 32)),
        (Retake(start=1, stop=2), 25, (8, 16)),
        (Retake(start=2), 25, (16, 25)),
        (Change(start=3.1, box=(0, 0, 8, 8), prompt="a cone"), 25, (24, 25)),
        (Recut(start=1, seconds=4), 33, (17, 33)),
        (Remix(), 25, (0, 25)),
    ],
)
def test_nothing_else_is_looked_at(
    edit: Edit, frames: int, span: tuple[int, int], model: Bundle, film: Film
) -> None:
    given = laid_out(model, edit, [film]).given
    assert fresh(edit, given, frames=frames, time=model.stride.time) == span
