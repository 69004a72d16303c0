"""Portraits show the same somebody in another place."""

import numpy as np

from kinora.world import Mix, render_clip
from kinora.world.caption import caption
from kinora.world.portrait import portrait, sitter
from kinora.world.vocabulary import COLOURS

SMALL = {"width": 64, "height": 40}
COMPANY = Mix(kinds=("momo", "ball", "cube"), min_things=2, hats=0.5)


def test_a_portrait_shows_the_same_looks_alone() -> None:
    sizes, elsewhere = [], 0
    for seed in range(24):
        clip = render_clip(seed, frames=1, mix=COMPANY, **SMALL)
        who = clip.scene.things[sitter(clip.scene)]
        shown = portrait(clip.scene, **SMALL)
        (alone,) = shown.scene.things
        assert (alone.kind, alone.colour, alone.hat) == (who.kind, who.colour, who.hat)
        assert shown.frames.shape == (1, 40, 64, 3)
        sizes.append(alone.size == who.size)
        elsewhere += (shown.scene.ground, shown.scene.light) != (
            clip.scene.ground,
            clip.scene.light,
        )
    assert all(sizes)
    assert elsewhere > 12


def test_momo_sits_for_the_portrait_when_there_is_one() -> None:
    scenes = [render_clip(seed, frames=1, mix=COMPANY, **SMALL).scene for seed in range(24)]
    with_momo = [scene for scene in scenes if "momo" in {thing.kind for thing in scene.things}]
    assert len(with_momo) > 3
    assert all(scene.things[sitter(scene)].kind == "momo" for scene in with_momo)


def test_the_same_scene_has_the_same_portrait() -> None:
    scene = render_clip(3, frames=1, **SMALL).scene
    np.testing.assert_array_equal(portrait(scene, **SMALL).frames, portrait(scene, **SMALL).frames)


def test_words_may_leave_the_looks_to_the_portrait() -> None:
    alone = Mix(max_things=1, kinds=("momo",), hats=1.0)
    for seed in range(12):
        clip = render_clip(seed, frames=9, mix=alone, **SMALL)
        plain = caption(clip.scene, clip.truth, plain=0)
        for text in (plain.tags, plain.sentence, plain.paragraph):
            said = set(text.replace(".", "").replace(",", "").split())
            assert "momo" in said, text
            assert not said & {*COLOURS, "hat", "small", "medium", "large"}, text
