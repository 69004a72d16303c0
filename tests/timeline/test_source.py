"""Sources: our films bring their latents, everything else is fitted and told."""

from dataclasses import replace

import numpy as np
import torch

from kinora.core.clip import Clip
from kinora.denoise.condition import Words
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend, extend
from kinora.timeline.loop import Loop, loop
from kinora.timeline.source import conform, source


def test_a_film_brings_its_latents_and_words(model: Bundle, film: Film) -> None:
    known = source(model, extend(model, film, Extend(seconds=1, prompt="a green cone")))
    assert known.text.tolist() == [0] * 7 + [1] * 2
    assert torch.equal(known.latents[:7], film.latents)
    assert known.told == ()


def test_a_film_with_cuts_is_encoded_as_one_clip(model: Bundle, film: Film, other: Film) -> None:
    frames = np.concatenate([film.clip.frames, other.clip.frames])
    request = replace(
        film.request, prompts=("a red ball", "a blue cube"), conditions=(Words(1, start=7),)
    )
    both = Film(Clip(frames, 8.0), torch.cat([film.latents, other.latents]), request)
    known = source(model, both)
    assert known.told == (
        "the film has cuts: its frames are encoded",
        "the last 1 of 42 frames were left out",
    )
    assert known.text.tolist() == [0] * 7 + [1] * 4
    assert torch.equal(known.latents, model.encode(known.clip).cpu())
    longer = extend(model, both, Extend(seconds=1))
    assert np.array_equal(longer.clip.frames[:41], frames[:41])
    assert torch.equal(longer.latents[:11], known.latents)


def test_a_loop_brings_its_latents(model: Bundle, film: Film) -> None:
    made = loop(model, film, Loop(bridge="short"))
    known = source(model, made)
    assert known.told == ()
    assert torch.equal(known.latents, made.latents)
    assert np.array_equal(
        known.clip.frames, np.concatenate([made.clip.frames, film.clip.frames[:1]])
    )


def test_a_clip_of_another_rate_size_and_length_is_fitted_and_told(model: Bundle) -> None:
    frames = np.arange(60, dtype=np.uint8)[:, None, None, None].repeat(70, 1).repeat(90, 2)
    known = source(model, Clip(frames.repeat(3, 3), 24.0), prompt="a ball")
    assert known.clip.frames.shape == (17, 64, 96, 3)
    assert known.clip.frames[:3, 0, 0, 0].tolist() == [0, 3, 6]
    assert len(known) == 5
    assert known.told == (
        "24 frames a second became 8",
        "90x70 became 96x64",
        "the last 3 of 20 frames were left out",
    )


def test_a_clip_that_fits_is_untouched(model: Bundle, film: Film) -> None:
    fitted, told = conform(model, film.clip)
    assert np.array_equal(fitted.frames, film.clip.frames)
    assert told == ()


def test_held_frames_of_a_foreign_clip_are_its_own(model: Bundle, film: Film) -> None:
    longer = extend(model, film.clip, Extend(seconds=1))
    assert np.array_equal(longer.clip.frames[:25], film.clip.frames)


def test_the_noise_of_an_edit_is_its_own(model: Bundle) -> None:
    one = Edit(seed=1).request(model, ("a",))
    assert one.seed != Extend(seed=1, seconds=1).request(model, ("a",)).seed
    assert one.steps == 4
