"""Remixes: strength 0 is the film itself, more strength is further from it."""

import numpy as np
import torch

from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.remix import STRENGTHS, Remix, remix


def test_nothing_is_reworked_at_zero(model: Bundle, film: Film) -> None:
    made = remix(model, film, Remix(strength=0.0))
    assert torch.equal(made.latents, film.latents)
    assert np.array_equal(made.clip.frames, film.clip.frames)


def test_more_strength_goes_further(model: Bundle, film: Film) -> None:
    distances = [
        float((remix(model, film, Remix(strength=name, seed=5)).latents - film.latents).norm())
        for name in STRENGTHS
    ]
    assert distances == sorted(distances)
    assert distances[0] > 0


def test_new_words_replace_the_old(model: Bundle, film: Film) -> None:
    made = remix(model, film, Remix(prompt="a green cone"))
    assert made.request.prompts == ("a green cone",)
    assert len(made.clip) == len(film.clip)
