"""Blends: both clips stay; the words cross-fade along the curve."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.denoise.condition import View
from kinora.generate import Film, Request, generate
from kinora.models.bundle import Bundle
from kinora.timeline.blend import CURVES, Blend, blend
from kinora.timeline.extend import Extend, extend
from kinora.timeline.source import source


def test_both_clips_stay(model: Bundle, film: Film, other: Film) -> None:
    made = blend(model, film, other, Blend(seconds=2))
    assert np.array_equal(made.clip.frames[:25], film.clip.frames)
    assert np.array_equal(made.clip.frames[-17:], other.clip.frames)
    assert torch.equal(made.latents[:7], film.latents)
    assert torch.equal(made.latents[-4:], other.latents[1:])
    assert len(made.clip) == 25 + 15 + 17
    assert made.request.prompts == ("a red ball", "a blue cube")


def test_curves_run_from_the_one_to_the_other() -> None:
    u = torch.linspace(0, 1, 11)
    for name, curve in CURVES.items():
        w = curve(u)
        assert w[0] == 0, name
        assert w[-1] == 1, name
        assert (w.diff() >= 0).all(), name


def test_the_curve_decides_what_is_dreamt(model: Bundle, film: Film, other: Film) -> None:
    early, late = (blend(model, film, other, Blend(curve=c)) for c in ("early", "late"))
    assert not torch.equal(early.latents, late.latents)


def test_a_bridge_with_words_of_its_own(model: Bundle, film: Film, other: Film) -> None:
    made = blend(model, film, other, Blend(prompt="a green cone falls"))
    assert made.request.prompts == ("a red ball", "a blue cube", "a green cone falls")


def test_words_of_its_own_are_heard_beside_any_number_of_older_ones(
    model: Bundle, film: Film, other: Film
) -> None:
    """Held frames listen to them too: with the clip's own words left in, they heard the negative, or nothing at all."""
    longer = film
    for words in ("a green cone", "a blue cube"):
        longer = extend(model, longer, Extend(seconds=0.5, prompt=words, steps=1))
    alone = replace(longer, request=replace(longer.request, prompts=("a cone",), conditions=()))
    wish = Blend(seconds=0.5, prompt="a red cube", steps=1)
    bridges = [blend(model, each, other, wish).latents[11:13] for each in (longer, alone)]
    assert torch.equal(*bridges)


def test_a_bridge_is_of_the_camera_before_it(model: Bundle, film: Film, other: Film) -> None:
    left = replace(film, request=replace(film.request, conditions=(View(1),)))
    made = blend(model, left, other, Blend(seconds=1, steps=1))
    assert source(model, made).view.tolist() == [1] * 9 + [0] * 4


def test_clips_of_two_sizes_are_refused(model: Bundle, film: Film) -> None:
    wide = generate(model, Request(("a cone",), seconds=1.0, height=64, width=96))
    with pytest.raises(UsageError, match="64x64 cannot be blended into one of 96x64"):
        blend(model, film, wide, Blend())


def test_a_clip_without_latents_is_brought_to_the_size_of_the_other(
    model: Bundle, film: Film
) -> None:
    foreign = Clip(np.full((25, 80, 96, 3), 90, np.uint8), 12.0)
    for one, two, kept in (
        (film, foreign, slice(0, 25)),
        (foreign, film, slice(-25, None)),
    ):
        made = blend(model, one, two, Blend(seconds=1))
        assert np.array_equal(made.clip.frames[kept], film.clip.frames)
        assert "96x80 became 64x64" in made.notes
        assert "12 frames a second became 8" in made.notes
