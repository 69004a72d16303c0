"""Pixel, latent and token arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.core.errors import UsageError
from kinora.core.shape import LatentShape, PixelShape, Stride, check_seconds, parse_size

STRIDE = Stride()


@given(st.integers(1, 400))
def test_a_latent_frame_spans_four_frames_and_the_first_one(latent_frames: int) -> None:
    assert STRIDE.latent_frames(STRIDE.pixel_frames(latent_frames)) == latent_frames


@given(st.integers(1, 5000), st.integers(16, 4096), st.integers(16, 4096))
def test_a_snapped_size_can_be_made_and_is_near(frames: int, height: int, width: int) -> None:
    made = STRIDE.snap(PixelShape(frames, height, width))
    latent = STRIDE.latent(made)
    assert STRIDE.pixels(latent) == made
    assert latent.height % STRIDE.patch == latent.width % STRIDE.patch == 0
    assert abs(made.frames - frames) <= STRIDE.time / 2
    assert abs(made.height - height) <= STRIDE.grain / 2


@given(st.integers(1, 5000), st.sampled_from([STRIDE, Stride(beat=2), Stride(time=8)]))
def test_enough_frames_are_made_and_not_one_group_more(frames: int, stride: Stride) -> None:
    made = stride.frames_for(frames)
    assert made == stride.snap_frames(made)
    assert 0 <= made - frames < stride.time * stride.beat


def test_what_can_be_made_stays_as_it_is() -> None:
    shape = PixelShape(33, 160, 256)
    assert STRIDE.snap(shape) == shape
    assert STRIDE.latent(shape) == LatentShape(9, 10, 16)


@pytest.mark.parametrize(
    "text", ["", "256", "x160", "256x", "-1x160", "256x160x3", "256x0", "100000x16"]
)
def test_a_bad_size_says_what_to_type(text: str) -> None:
    with pytest.raises(UsageError, match="256x160"):
        parse_size(text)


def test_a_size_is_width_by_height() -> None:
    assert parse_size("256x160") == (160, 256)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e9, float("nan")])
def test_a_bad_duration_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError):
        check_seconds(seconds)
