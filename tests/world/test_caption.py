import re

from kinora.world import Mix, WorldClip, render_clip
from kinora.world.vocabulary import (
    COLOURS,
    GROUNDS,
    KINDS,
    LIGHTS,
    PARTICIPLES,
    SYNONYMS,
    same_words,
)

SMALL = {"width": 64, "height": 40}
CANON = {other: word for word, others in SYNONYMS.items() for other in others}


def words(text: str) -> list[str]:
    return [CANON.get(word, word) for word in re.findall(r"[a-z]+", text)]


def texts(clip: WorldClip) -> tuple[str, str, str]:
    return clip.captions.tags, clip.captions.sentence, clip.captions.paragraph


def test_captions_tell_what_is_there_and_nothing_else() -> None:
    for seed in range(80):
        clip = render_clip(seed, frames=1, mix=Mix(max_things=4), **SMALL)
        assert all(thing.area > 0 for thing in clip.truth.moments[0].things)
        kinds = {thing.kind for thing in clip.scene.things}
        shown = {thing.colour for thing in clip.scene.things}
        shown |= {thing.hat for thing in clip.scene.things}
        for text in texts(clip):
            said = set(words(text))
            assert said & set(KINDS) == kinds, text
            assert said & set(COLOURS) == shown - {"", "brown"}, text
            assert said & set(GROUNDS) == {clip.scene.ground}, text
            assert said & set(LIGHTS) == {clip.scene.light}, text
            assert said & {"small", "medium", "large"} <= {t.size for t in clip.scene.things}, text


def test_sides_are_told_as_the_camera_sees_them() -> None:
    told = 0
    for seed in range(80):
        clip = render_clip(seed, frames=1, mix=Mix(min_things=2), **SMALL)
        first, second = (thing.centre[0] for thing in clip.truth.moments[0].things)
        side, other = ("left", "right") if first < second else ("right", "left")
        for text in texts(clip):
            told += f"{side} of" in text
            assert f"{other} of" not in text, text
    assert told > 10


def test_captions_are_plain() -> None:
    seen: set[str] = set()
    for seed in range(40):
        for text in texts(render_clip(seed, frames=9, mix=Mix(max_things=4), **SMALL)):
            assert re.fullmatch(r"[a-z ,.]+", text), text
            assert "  " not in text
            seen |= set(re.findall(r"[a-z]+", text))
    assert len(seen) < 400


def test_the_camera_is_told_in_the_paragraph() -> None:
    moving = Mix(max_things=1, still_camera=0.0, cuts=0.0)
    still = Mix(max_things=1, still_camera=1.0, cuts=0.0)
    verbs = {"pan": "pans", "orbit": "orbits|moves around", "rise": "rises|moves up"}
    for seed in range(12):
        clip = render_clip(seed, frames=9, mix=moving, **SMALL)
        kind = clip.scene.camera.move.partition(" ")[0]
        assert re.search(verbs.get(kind, "dollies|moves closer|moves back"), texts(clip)[2])
        assert re.search(
            "still|does not move", texts(render_clip(seed, mix=still, frames=5, **SMALL))[2]
        )


def test_no_word_has_two_meanings() -> None:
    others = [word for group in SYNONYMS.values() for word in group]
    assert len(others) == len(set(others))
    assert not set(others) & set(SYNONYMS)
    assert not set(others) & {*KINDS, *COLOURS, *GROUNDS, *LIGHTS}
    assert same_words()["rolls"] == (PARTICIPLES["rolls"],)
