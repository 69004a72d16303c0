"""Files that edits begin with: what is not needed of them is never held."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.generate import Film
from kinora.media.probe import Limits
from kinora.media.read import read
from kinora.media.write import save
from kinora.models.bundle import Bundle
from kinora.timeline.animate import Animate
from kinora.timeline.blend import Blend
from kinora.timeline.deliver import deliver, sidecar_of
from kinora.timeline.fulfil import open_film, opened
from kinora.timeline.order import Order
from kinora.timeline.source import conform, natural_size

SMALL = 16 * 64 * 96 * 3
"""Bytes of two seconds as the tiny model sees them."""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Two seconds, ten times as large as what the tiny model is at ease with, and three times as fast."""
    ramp = np.linspace(0, 255, 320).astype(np.uint8)[None, None, :, None]
    file = tmp_path / "large.mp4"
    save(Clip(np.broadcast_to(ramp, (48, 192, 320, 3)).copy(), 24.0), file)
    return file


@pytest.fixture
def frugal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinora.timeline.fulfil.read", partial(read, limits=Limits(held=SMALL)))


@pytest.mark.usefixtures("frugal")
def test_a_large_video_is_held_as_small_as_the_model_sees_it(model: Bundle, large: Path) -> None:
    clip, notes = open_film(large, model=model)
    assert isinstance(clip, Clip)
    assert (clip.frames.shape, clip.fps) == ((16, 64, 96, 3), 8.0)
    assert notes == (
        f"{large} has no latents beside it: its frames are encoded",
        f"{large}: 24 frames a second became 8",
        f"{large}: 320x192 was scaled and cut to 96x64",
    )
    fitted, told = conform(model, clip)
    assert told == ("the last 3 of 16 frames were left out",)
    assert np.array_equal(fitted.frames, clip.frames[:13])


@pytest.mark.usefixtures("frugal")
def test_of_a_video_as_a_picture_one_frame_is_held(model: Bundle, large: Path) -> None:
    (clip,), notes = opened(model, Order("animate", Animate(), (large,)))
    assert isinstance(clip, Clip)
    assert (clip.frames.shape, notes) == ((1, 192, 320, 3), ())


def test_a_blend_opens_clips_at_the_size_of_the_film(
    model: Bundle, film: Film, large: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), own)
    films, notes = opened(model, Order("blend", Blend(), (large, own)))
    assert isinstance(films[0], Clip)
    assert isinstance(films[1], Film)
    assert (films[0].height, films[0].width) == (64, 64)
    assert f"{large}: 320x192 was scaled and cut to 64x64" in notes
    other, told = open_film(own, model=model, size=(64, 96))
    assert isinstance(other, Clip)
    assert told[0] == f"{own} has another size: its frames are encoded"


@pytest.mark.parametrize(("height", "width"), [(265, 377), (720, 1280), (90, 70), (1080, 607)])
def test_what_was_fitted_once_is_not_fitted_again(model: Bundle, height: int, width: int) -> None:
    once = natural_size(model, height, width)
    assert natural_size(model, *once) == once
