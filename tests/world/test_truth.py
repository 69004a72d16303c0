import numpy as np
import pytest

from kinora.world import Mix, facts, render_clip
from kinora.world.truth import direction

STILL = {"still_camera": 1.0, "cuts": 0.0}
SMALL = {"width": 96, "height": 60}


@pytest.mark.parametrize("name", ["rolls", "slides", "hops", "bounces", "pushes"])
def test_direction_is_where_it_moves_on_the_screen(name: str) -> None:
    for seed in range(3):
        clip = render_clip(seed, mix=Mix(happenings=(name,), **STILL), **SMALL)
        if not clip.scene.happenings[0].heading:
            continue
        columns = [np.nonzero((ids == 2).any(axis=0))[0].mean() for ids in clip.ids]
        shift = columns[-1] - columns[0]
        assert abs(shift) > 0.15 * 96
        way = "right" if shift > 0 else "left"
        assert facts(clip.scene, clip.truth).direction == way
        for text in (clip.captions.tags, clip.captions.sentence):
            other = "left" if way == "right" else "right"
            assert f"to the {other}" not in text
            assert f"to {other}" not in text


def test_a_fall_goes_down() -> None:
    clip = render_clip(2, mix=Mix(happenings=("falls",), **STILL), **SMALL)
    assert direction(clip.truth) == "down"
    assert facts(clip.scene, clip.truth).things[0].happening == "falls"


def test_what_passes_behind_comes_out_again() -> None:
    for seed in range(4):
        clip = render_clip(seed, mix=Mix(happenings=("passes behind",), **STILL), **SMALL)
        areas = [moment.things[0].area for moment in clip.truth.moments]
        hidden = min(areas)
        assert hidden < 0.6 * areas[0]
        assert areas[-1] > 0.8 * areas[0]
        front = clip.truth.moments[int(np.argmin(areas))].things
        assert front[1].position[1] < front[0].position[1]


def test_areas_are_those_of_the_ids() -> None:
    clip = render_clip(9, frames=5, mix=Mix(min_things=2, **STILL), **SMALL)
    for t, moment in enumerate(clip.truth.moments):
        for index, thing in enumerate(moment.things):
            assert thing.area == pytest.approx((clip.ids[t] == index + 2).mean(), abs=1e-6)


def test_centres_are_where_the_things_are_seen() -> None:
    mix = Mix(max_things=1, kinds=("ball",), still_camera=0.0, cuts=0.0)
    for seed in range(4):
        clip = render_clip(seed, frames=9, mix=mix, **SMALL)
        for ids, moment in zip(clip.ids, clip.truth.moments, strict=True):
            rows, columns = np.nonzero(ids == 2)
            column, row = moment.things[0].centre
            if rows.min() > 0 and columns.min() > 0 and columns.max() < 95:
                assert column * 96 == pytest.approx(columns.mean() + 0.5, abs=1.5)
                assert row * 60 == pytest.approx(rows.mean() + 0.5, abs=1.5)
