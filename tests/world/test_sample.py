import pytest

from kinora.core.errors import UsageError
from kinora.world import Mix, sample_scene
from kinora.world.heldout import is_held_out, rules
from kinora.world.vocabulary import HAPPENINGS


def test_held_out_combinations_are_never_sampled() -> None:
    assert not any(is_held_out(sample_scene(seed, frames=1)) for seed in range(500))


def test_held_out_combinations_can_be_asked_for() -> None:
    mix = Mix(heldout="only")
    assert all(is_held_out(sample_scene(seed, mix=mix, frames=1)) for seed in range(30))
    mixed = {is_held_out(sample_scene(s, mix=Mix(heldout="any"), frames=1)) for s in range(120)}
    assert mixed == {True, False}


def test_every_rule_can_be_met() -> None:
    for rule in rules():
        mix = Mix(
            heldout="only",
            max_things=1,
            kinds=(rule.get("kind", "ball"),),
            colours=(rule.get("colour", "red"),),
            grounds=(rule.get("ground", "sand"),),
            lights=(rule.get("light", "noon"),),
        )
        assert is_held_out(sample_scene(1, mix=mix, frames=1)), rule


@pytest.mark.parametrize("name", HAPPENINGS)
def test_every_happening_can_be_staged(name: str) -> None:
    mix = Mix(max_things=4, happenings=(name,), still_camera=1.0, cuts=0.0)
    scene = sample_scene(1, mix=mix)
    assert [h.name for h in scene.happenings] == [name]
    assert scene.things[0].kind in HAPPENINGS[name]


def test_the_mix_is_obeyed() -> None:
    mix = Mix(
        min_things=2, kinds=("cone", "ring"), colours=("red", "blue"), grounds=("snow",), hats=0.0
    )
    for seed in range(20):
        scene = sample_scene(seed, mix=mix, frames=1)
        assert len(scene.things) == 2
        assert {thing.kind for thing in scene.things} <= {"cone", "ring"}
        assert {thing.colour for thing in scene.things} == {"red", "blue"}
        assert scene.ground == "snow"


def test_short_clips_show_only_what_fits_into_them() -> None:
    names = {sample_scene(seed, frames=5).happenings[0].name for seed in range(40)}
    assert not names & {"bumps into", "passes behind", "eats", "stacks"}


def test_a_mix_without_scenes_is_an_error() -> None:
    mix = Mix(kinds=("cone",), colours=("purple",))
    with pytest.raises(UsageError, match="allows no scene"):
        sample_scene(1, mix=mix, frames=1)
