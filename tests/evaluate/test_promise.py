"""The prompts of the first film: true to the scenes that are stored behind them."""

import pytest

from kinora.evaluate.promise import promises, real, ways
from kinora.world.heldout import is_held_out
from kinora.world.scene import Scene
from kinora.world.vocabulary import GROUNDS, KINDS, LIGHTS, PALETTE, same_words


def test_a_hundred_distinct_films_and_stills() -> None:
    for shape in ("films", "stills"):
        many = promises(shape)
        assert len(many) == 100
        assert len({one.prompt for one in many}) == 100
        assert sum(one.heldout for one in many) >= 25


def test_more_prompts_go_on_from_the_first_hundred() -> None:
    more = promises("stills", count=130)
    assert more[:100] == promises("stills")
    assert len({one.prompt for one in more}) == 130
    assert all(is_held_out(Scene.from_json(one.scene)) == one.heldout for one in more[100:])


def test_every_promised_fact_is_said_in_the_prompt() -> None:
    words = {word: {word, *others} for word, others in same_words().items()}
    for one in (*promises("films"), *promises("stills")):
        said = set(one.prompt.replace(",", "").split())
        for thing in one.things:
            assert said & words.get(thing.kind, {thing.kind}), one.prompt
            assert thing.kind in KINDS
            if thing.colour:
                assert said & words.get(thing.colour, {thing.colour}), one.prompt
                assert thing.colour in PALETTE
        assert said & words.get(one.ground, {one.ground}) and one.ground in GROUNDS
        assert said & words.get(one.light, {one.light}) and one.light in LIGHTS
        assert not one.direction or one.direction in said


def test_held_out_means_what_the_world_says() -> None:
    for one in promises("films"):
        assert is_held_out(Scene.from_json(one.scene)) == one.heldout


def test_the_scene_of_a_prompt_can_be_played_again() -> None:
    one = next(one for one in promises("films") if one.direction == "left")
    clip = real(one, width=64, height=48)
    assert clip.frames.shape == (33, 48, 64, 3)
    way = ways(one)
    assert way.shape == (33, len(one.things), 2)
    assert way[-1, 0, 0] < way[0, 0, 0] - 0.05


@pytest.mark.parametrize("shape", ["films", "stills"])
def test_the_stored_scenes_are_of_the_world_as_it_is(shape: str) -> None:
    for each in promises(shape):
        for thing in Scene.from_json(each.scene).things:
            assert (thing.kind == "cookie") == (thing.colour == "brown"), each.prompt
