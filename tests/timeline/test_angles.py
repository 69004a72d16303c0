"""Angles: the same times, another camera."""

import pytest
import torch

from kinora.core.config import settle
from kinora.core.errors import UnsupportedError, UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.angles import Angles, angles
from kinora.timeline.extend import Extend, extend


def test_every_view_is_as_long_as_the_clip_and_another(causal: Bundle, film: Film) -> None:
    one, two = angles(causal, film, Angles(views=(1, 2)))
    assert one.clip.frames.shape == two.clip.frames.shape == film.clip.frames.shape
    assert not torch.equal(one.latents, two.latents)
    assert one.request.prompts == film.request.prompts


def test_a_long_clip_is_seen_in_parts(causal: Bundle, film: Film) -> None:
    longer = extend(causal, film, Extend(seconds=4))
    (other,) = angles(causal, longer, Angles())
    assert len(other.clip) == len(longer.clip)


def test_a_view_sees_the_clip(causal: Bundle, film: Film) -> None:
    other = Film(film.clip, film.latents + 1, film.request)
    one, two = angles(causal, film, Angles())[0], angles(causal, other, Angles())[0]
    assert not torch.equal(one.latents, two.latents)


def test_a_model_of_one_camera_says_so(model: Bundle, film: Film) -> None:
    with pytest.raises(UnsupportedError, match="one camera"):
        angles(model, film, Angles())


def test_cameras_have_names_and_numbers() -> None:
    assert settle(Angles, {"views": ("left", "4", 3)}).views == (1, 4, 3)
    with pytest.raises(UsageError, match=r"front \(0\) is named twice"):
        settle(Angles, {"views": ("left", "front", 0)})
    for view in ("below", "-1", 99, 5, 1.5, ""):
        with pytest.raises(UsageError, match=r"front \(0\), left \(1\), .*above \(4\)"):
            settle(Angles, {"views": (view,)})


def test_a_film_is_not_dreamt_from_where_it_is_seen(causal: Bundle, film: Film) -> None:
    with pytest.raises(UsageError, match=r"from front \(0\) already. Others are left, right"):
        angles(causal, film, Angles(views=(1, 0)))
    (left,) = angles(causal, film, Angles(views=(1,), steps=1))
    assert left.notes == ("view left (1)",)
    with pytest.raises(UsageError, match=r"from left \(1\) already"):
        angles(causal, left, Angles(views=(1,)))
    (front,) = angles(causal, left, Angles(views=(0,), steps=1))
    assert not front.request.conditions
