import numpy as np
import pytest

from kinora.world import Mix, Scene, render_clip, sample_scene
from kinora.world.heldout import is_held_out

STILL = {"frames": 1, "width": 128, "height": 80}


def test_the_same_seed_gives_the_same_still() -> None:
    a, b = (render_clip(7, **STILL) for _ in range(2))
    assert a.scene == b.scene
    assert a.captions == b.captions
    np.testing.assert_array_equal(a.frames, b.frames)
    assert (render_clip(8, **STILL).frames != a.frames).any()


def test_a_scene_survives_json() -> None:
    scene = sample_scene(3)
    assert Scene.from_json(scene.to_json()) == scene


@pytest.mark.parametrize(("choice", "expected"), [("never", {False}), ("only", {True})])
def test_held_out_combinations(choice: str, expected: set[bool]) -> None:
    mix = Mix(heldout=choice)
    assert {is_held_out(sample_scene(seed, mix=mix, frames=1)) for seed in range(100)} == expected


def test_things_cover_their_share_of_the_picture() -> None:
    for seed in range(40):
        clip = render_clip(seed, **STILL)
        low, high = (0.03, 0.15) if len(clip.scene.things) == 1 else (0.025, 0.10)
        for index in range(len(clip.scene.things)):
            share = float((clip.ids == index + 2).mean())
            assert low * 0.9 <= share <= high * 1.1, (seed, share)
