import numpy as np
import pytest

from kinora.world import Mix, Scene, Truth, render_clip, sample_scene

SMALL = {"width": 128, "height": 80}
ALONE = Mix(max_things=1, still_camera=1.0, cuts=0.0)


@pytest.mark.parametrize("frames", [1, 9])
def test_the_same_seed_gives_the_same_clip(frames: int) -> None:
    first, again = (render_clip(7, frames=frames, **SMALL) for _ in range(2))
    assert first.scene == again.scene
    assert first.truth == again.truth
    assert first.captions == again.captions
    np.testing.assert_array_equal(first.frames, again.frames)
    np.testing.assert_array_equal(first.ids, again.ids)
    assert (render_clip(8, frames=frames, **SMALL).frames != first.frames).any()


def test_scene_and_truth_survive_json() -> None:
    clip = render_clip(3, frames=9, mix=Mix(max_things=4), **SMALL)
    assert Scene.from_json(clip.scene.to_json()) == clip.scene
    assert Truth.from_json(clip.truth.to_json()) == clip.truth


@pytest.mark.parametrize(("width", "height"), [(128, 80), (80, 128), (96, 96)])
def test_things_cover_their_share_of_a_still(width: int, height: int) -> None:
    for seed in range(24):
        clip = render_clip(seed, frames=1, width=width, height=height)
        low, high = (0.03, 0.15) if len(clip.scene.things) == 1 else (0.025, 0.10)
        for index, thing in enumerate(clip.truth.moments[0].things):
            assert low * 0.85 <= thing.area <= high * 1.15, (seed, index)


def test_size_words_are_apart_in_the_picture() -> None:
    areas: dict[str, list[float]] = {"small": [], "medium": [], "large": []}
    for seed in range(60):
        clip = render_clip(seed, frames=1, mix=ALONE, **SMALL)
        areas[clip.scene.things[0].size].append(clip.truth.moments[0].things[0].area)
    assert max(areas["small"]) < min(areas["medium"])
    assert max(areas["medium"]) < min(areas["large"])


def test_ids_name_sky_ground_and_things() -> None:
    clip = render_clip(5, frames=1, mix=Mix(min_things=2), **SMALL)
    assert set(np.unique(clip.ids)) == {0, 1, 2, 3}
    assert clip.ids[0, 0, 0] == 0
    assert clip.ids[0, -1, 0] in (1, 2, 3)


def test_a_scene_is_the_one_its_clip_shows() -> None:
    clip = render_clip(11, frames=9, **SMALL)
    assert sample_scene(11, frames=9, aspect=1.6) == clip.scene
