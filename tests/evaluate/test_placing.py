"""Placing: the judge finds a rendered thing where the geometry of its camera has it, and nowhere else."""

import pytest

from kinora.caption.facts import Seen
from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.evaluate.placing import Standing, in_place
from kinora.world.clip import render_clip
from kinora.world.mix import Mix

MIX = Mix(max_things=1, cuts=0.0, still_camera=1.0)


@pytest.fixture(scope="module")
def right() -> tuple[Seen, Standing]:
    """A clip seen from the right, and where its thing stands in that picture."""
    clip = render_clip(5, mix=MIX, frames=9, view="right")
    (thing,) = clip.scene.things
    path = {t: moment.things[0].centre for t, moment in enumerate(clip.truth.moments)}
    return load_judge().see(Clip(clip.frames, 8.0)), Standing(thing.kind, thing.colour, path)


def test_a_rendered_thing_is_in_place(right: tuple[Seen, Standing]) -> None:
    assert in_place(*right)


def test_elsewhere_or_in_another_colour_it_is_not(right: tuple[Seen, Standing]) -> None:
    seen, expected = right
    aside = {t: (x + 0.3, y) for t, (x, y) in expected.path.items()}
    assert not in_place(seen, Standing(expected.kind, expected.colour, aside))
    other = "blue" if expected.colour != "blue" else "red"
    assert not in_place(seen, Standing(expected.kind, other, expected.path))
    assert not in_place(seen, Standing(expected.kind, expected.colour, {}))
