"""Regions: outside them nothing changes, not one bit."""

import numpy as np
import pytest
import torch

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.extend import Extend, extend
from kinora.timeline.region import Change, change
from kinora.timeline.source import conform


def test_only_the_box_changes(model: Bundle, film: Film) -> None:
    made = change(model, film, Change(box=(16, 0, 32, 24), prompt="a green cone"))
    same = (made.clip.frames == film.clip.frames).all((0, 3))
    assert same[24:].all() and same[:, :16].all() and same[:, 48:].all()
    assert not same[:16, 20:44].any()
    held = (made.latents == film.latents).all(0).all(0)
    assert held.tolist() == [[True, False, False, True]] * 2 + [[True] * 4] * 2


def test_a_mask_and_a_time_window(model: Bundle, film: Film) -> None:
    mask = np.zeros((64, 64), bool)
    mask[:, 40:] = True
    made = change(model, film, Change(start=1.2, stop=2.0, prompt="a cone"), mask=mask)
    same = (made.clip.frames == film.clip.frames).all(-1)
    assert same[:, :, :40].all() and same[:9].all() and same[17:].all()
    assert not same[9:17, :, 50:].all()
    assert torch.equal(made.latents[:3], film.latents[:3])


def test_a_region_is_measured_on_what_was_handed_in(model: Bundle, film: Film) -> None:
    large = Clip(film.clip.frames.repeat(4, 1).repeat(6, 2)[:9], film.clip.fps)
    small, _ = conform(model, large)
    assert (small.width, small.height) == (96, 64)
    boxed = change(model, large, Change(box=(192, 0, 192, 256), prompt="a cone"))
    assert (boxed.clip.frames == small.frames)[:, :, :48].all()
    assert not (boxed.clip.frames == small.frames)[:, :, 64:].all()
    mask = np.zeros((256, 384), bool)
    mask[:, 192:] = True
    masked = change(model, large, Change(prompt="a cone"), mask=mask)
    assert np.array_equal(masked.clip.frames, boxed.clip.frames)
    shrunk = change(model, small, Change(prompt="a cone"), mask=mask, of=mask.shape)
    assert np.array_equal(shrunk.clip.frames, boxed.clip.frames)


def test_a_region_is_cut_as_the_frames_are(model: Bundle, film: Film) -> None:
    wide = Clip(film.clip.frames.repeat(2, 1).repeat(6, 2)[:9], film.clip.fps)
    small, _ = conform(model, wide, size=(64, 96))
    words = {"prompt": "a cone"}
    made = change(model, small, Change(box=(192, 0, 9, 9), **words), of=(128, 384))
    changed = (made.clip.frames != small.frames).any((0, 3))
    assert not changed[:, :48].any() and not changed[5:].any()
    with pytest.raises(UsageError, match="where the clip is cut off"):
        change(model, small, Change(box=(0, 0, 9, 9), **words), of=(128, 384))


def test_the_words_are_the_scene_with_a_thing_more_or_less(model: Bundle, film: Film) -> None:
    more = change(model, film, Change(box=(0, 0, 32, 32), action="insert", what="a blue cube"))
    assert more.request.prompts[-1] == "there are a red ball and a blue cube."
    less = change(model, more, Change(box=(0, 0, 32, 32), action="remove", what="the cube"))
    assert less.request.prompts[-1] == "there is a red ball."


def test_the_words_are_those_of_the_shot_that_is_changed(model: Bundle, film: Film) -> None:
    longer = extend(model, film, Extend(seconds=1, prompt="on sand a blue cube", steps=1))
    add = Change(box=(0, 0, 32, 32), action="insert", what="a green cone", steps=1)
    early, late = (
        change(model, longer, add.model_copy(update={"start": at})).request.prompts[-1]
        for at in (0.0, 3.5)
    )
    assert "red ball" in early
    assert "red ball" not in late
    assert "sand" in late
    less = add.model_copy(update={"action": "remove", "what": "blue cube", "start": 3.5})
    assert "cube" not in change(model, longer, less).request.prompts[-1]


def test_regions_that_cannot_be_are_refused(model: Bundle, film: Film) -> None:
    words = {"prompt": "a cone"}
    with pytest.raises(UsageError, match="there is no region"):
        change(model, film, Change(**words))
    with pytest.raises(UsageError, match="the region is named twice"):
        change(model, film, Change(box=(0, 0, 9, 9), **words), mask=np.ones((64, 64), bool))
    with pytest.raises(UsageError, match="the mask is 10x20, the clip 64x64"):
        change(model, film, Change(**words), mask=np.ones((20, 10), bool))
    with pytest.raises(UsageError, match="the region is empty"):
        change(model, film, Change(box=(80, 80, 9, 9), **words))
    with pytest.raises(UsageError, match="what shall be there"):
        change(model, film, Change(box=(0, 0, 9, 9)))
    with pytest.raises(UsageError, match="there is no cone in 'a red ball'"):
        change(model, film, Change(box=(0, 0, 9, 9), action="remove", what="cone"))
