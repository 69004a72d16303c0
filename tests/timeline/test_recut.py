"""Recuts: the kept part is exact, whether it is extended or not."""

import numpy as np
import pytest
import torch

from kinora.core.errors import UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.recut import Recut, recut


def test_the_kept_part_is_exact(model: Bundle, film: Film) -> None:
    made = recut(model, film, Recut(start=1.0, stop=2.2))
    assert np.array_equal(made.clip.frames, film.clip.frames[8:17])
    assert torch.equal(made.latents, film.latents[2:5])
    assert made.notes == ("kept: 1 s to 2.125 s",)


def test_the_part_is_extended_to_the_length(model: Bundle, film: Film) -> None:
    made = recut(model, film, Recut(start=1.0, stop=2.2, seconds=3.2))
    assert len(made.clip) == 9 + 16
    assert np.array_equal(made.clip.frames[:9], film.clip.frames[8:17])


def test_parts_that_cannot_be_are_refused(model: Bundle, film: Film) -> None:
    with pytest.raises(UsageError, match="nothing is left"):
        recut(model, film, Recut(start=5.0))
    with pytest.raises(UsageError, match="longer than 1 s"):
        recut(model, film, Recut(seconds=1.0))
