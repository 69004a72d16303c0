"""Drift from pixels alone: nothing of what stays, and each number of what it is named after."""

import numpy as np
import pytest

from kinora.media.measure import Measured, drift, tally


@pytest.fixture
def steady() -> np.ndarray:
    picture = np.random.default_rng(0).integers(64, 192, (1, 20, 24, 3))
    return np.repeat(picture, 20, axis=0).astype(np.uint8)


def test_what_stays_has_none(steady: np.ndarray) -> None:
    found = drift(tally(steady))
    assert found is not None
    assert (found.colour, found.contrast, found.sharpness) == (0, 0, 0)


def test_it_is_the_change_of_the_whole_ends(steady: np.ndarray) -> None:
    frames = steady.copy()
    frames[10:] = frames[10:] // 2 + 20
    found = drift(tally(frames))
    assert found is not None
    luma = frames @ np.array([0.2126, 0.7152, 0.0722]) / 255
    colours = frames[:3].mean((0, 1, 2)) - frames[-3:].mean((0, 1, 2))
    assert found.colour == pytest.approx(np.linalg.norm(colours) / 255, abs=1e-5)
    assert found.contrast == pytest.approx(luma[-3:].std() / luma[:3].std() - 1, abs=1e-3)
    assert found.sharpness == pytest.approx(-0.5, abs=0.01)


def test_chunks_tell_the_same_as_the_whole(steady: np.ndarray) -> None:
    frames = (steady * np.linspace(1, 0.5, 20)[:, None, None, None]).astype(np.uint8)
    parts = np.concatenate([tally(frames[:7]), tally(frames[7:])])
    assert drift(parts) == drift(tally(frames))


def test_a_still_has_no_ends(steady: np.ndarray) -> None:
    assert drift(tally(steady[:1])) is None
    assert Measured().lines() == ()
