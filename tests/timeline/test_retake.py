"""Retakes: only the window changes."""

import numpy as np
import pytest
import torch

from kinora.core.errors import UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.retake import Retake, retake


def test_only_the_window_changes(model: Bundle, film: Film) -> None:
    made = retake(model, film, Retake(start=1.2, stop=2.0))
    same = [i for i in range(7) if torch.equal(made.latents[i], film.latents[i])]
    assert same == [0, 1, 2, 5, 6]
    frames = (made.clip.frames == film.clip.frames).all((1, 2, 3))
    assert frames.tolist() == [True] * 9 + [False] * 8 + [True] * 8
    assert made.notes == ("made anew: 1.125 s to 2.125 s",)


def test_the_window_hears_new_words_and_the_rest_its_own(model: Bundle, film: Film) -> None:
    plain = retake(model, film, Retake(start=1.2, stop=2.0))
    told = retake(model, film, Retake(start=1.2, stop=2.0, prompt="a green cone"))
    assert told.request.prompts == ("a red ball", "a green cone")
    assert not torch.equal(plain.latents[3:5], told.latents[3:5])


@pytest.mark.parametrize(("start", "stop"), [(0.0, 1.0), (2.0, None), (0.0, None)])
def test_windows_at_the_ends(model: Bundle, film: Film, start: float, stop: float | None) -> None:
    made = retake(model, film, Retake(start=start, stop=stop))
    assert made.clip.frames.shape == film.clip.frames.shape
    assert made.latents.shape == film.latents.shape
    kept = slice(9, None) if start == 0 and stop else slice(0, 13) if start else slice(0, 0)
    assert np.array_equal(made.clip.frames[kept], film.clip.frames[kept])


def test_a_retake_with_the_seed_of_the_film_is_another_take(model: Bundle, film: Film) -> None:
    made = retake(model, film, Retake(start=0, seed=film.request.seed))
    assert not torch.allclose(made.latents, film.latents, atol=0.1)


def test_a_window_outside_the_clip_is_refused(model: Bundle, film: Film) -> None:
    with pytest.raises(UsageError, match=r"The clip is 3.125 s long"):
        retake(model, film, Retake(start=5, stop=6))
    with pytest.raises(UsageError, match="there is nothing from 2 s to 1 s"):
        retake(model, film, Retake(start=2, stop=1))
