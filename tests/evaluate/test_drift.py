"""Drift and permanence on a real render, with the shipped judge, against the same render spoilt."""

import numpy as np
import pytest

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.evaluate.drift import drift
from kinora.evaluate.permanence import permanence
from kinora.world import Mix, render_clip


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


@pytest.fixture(scope="module")
def steady() -> Clip:
    mix = Mix(min_things=2, max_things=2, heldout="any", colours=("red", "blue"), lights=("noon",))
    still = render_clip(41_000_000, mix=mix, frames=1)
    return Clip(np.repeat(still.frames, 12, axis=0), 8.0)


def test_a_steady_film_does_not_drift(judge: Judge, steady: Clip) -> None:
    found = drift(steady, judge)
    assert (found.colour, found.contrast, found.sharpness, found.things) == (0, 0, 0, 0)
    assert permanence(steady, judge) == 1.0


def test_fading_shows_in_colour_and_contrast(judge: Judge, steady: Clip) -> None:
    fade = np.linspace(1, 0.6, len(steady))[:, None, None, None]
    found = drift(Clip((steady.frames * fade).astype(np.uint8), 8.0), judge)
    assert found.colour > 0.1
    assert found.contrast < -0.2


def test_a_thing_that_melts_away_is_missed(judge: Judge, steady: Clip) -> None:
    frames = steady.frames.copy()
    frames[8:, 60:] = frames[8:, -1:, :1]
    film = Clip(frames, 8.0)
    assert permanence(film, judge) < 1.0
    assert drift(film, judge).things < 0
