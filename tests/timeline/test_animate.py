"""Pictures: each is shown at its time, to the last bit."""

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.animate import Animate, Picture, animate, keyframes


def picture(film: Film, frame: int = 0) -> Clip:
    return Clip(film.clip.frames[frame : frame + 1], 1.0)


def test_the_picture_is_the_first_frame(model: Bundle, film: Film) -> None:
    made = animate(model, picture(film), Animate(seconds=2, prompt="a red ball rolls"))
    assert np.array_equal(made.clip.frames[0], film.clip.frames[0])
    assert len(made.clip) == 17
    assert made.request.prompts == ("a red ball rolls",)


def test_every_picture_is_shown_at_its_time(model: Bundle, film: Film, other: Film) -> None:
    three = (
        Picture(picture(film)),
        Picture(picture(other), 0.9),
        Picture(picture(film, 9), -0.1),
    )
    made = keyframes(model, three, Animate(seconds=2))
    for frame, want in zip((0, 8, 16), three, strict=True):
        assert np.array_equal(made.clip.frames[frame], want.clip.frames[0])
    assert not (made.clip.frames[4] == made.clip.frames[0]).all()


def test_a_large_picture_is_scaled_and_told(model: Bundle) -> None:
    big = Clip(np.full((1, 300, 400, 3), 90, np.uint8), 1.0)
    made = animate(model, big, Animate(seconds=0.5))
    assert (made.clip.height, made.clip.width) == (64, 96)
    assert made.notes == ("400x300 became 96x64",)


def test_pictures_that_cannot_be_shown_are_refused(model: Bundle, film: Film) -> None:
    one = picture(film)
    with pytest.raises(UsageError, match="outside a film of 2 s"):
        keyframes(model, (Picture(one, 3.0),), Animate(seconds=2))
    with pytest.raises(UsageError, match="same frame"):
        keyframes(model, (Picture(one), Picture(one, 0.1)), Animate(seconds=2))
    with pytest.raises(UsageError, match="no picture"):
        keyframes(model, (), Animate(seconds=2))
