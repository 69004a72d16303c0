"""Tuning changes how sure the judge is, never what it says."""

import math

import numpy as np
import pytest

from kinora.caption.tuned import Tuned, Worldly, log_odds, read_tuned

STATS = Worldly(mean=(1.0, 0.0, 0.0), axes=((0.5, 0.0, 0.0),), rest=0.1, edge=2.0, width=0.5)


def test_without_numbers_nothing_changes() -> None:
    assert Tuned().honest("kind", 0.7) == pytest.approx(0.7)
    assert Tuned().moved(np.zeros(5)) == {}


def test_slope_and_offset_act_on_log_odds() -> None:
    tuned = Tuned(trust={"kind": (2.0, -1.0)})
    wanted = 1 / (1 + math.exp(-(2 * log_odds(0.9) - 1)))
    assert tuned.honest("kind", 0.9) == pytest.approx(wanted)
    assert tuned.honest("colour", 0.9) == pytest.approx(0.9)


def test_distance_counts_each_direction_in_its_own_measure() -> None:
    assert STATS.distance(np.array([3.0, 0.0, 0.0])) == pytest.approx(math.sqrt(1 / 3))
    assert STATS.distance(np.array([1.0, 0.3, 0.4])) == pytest.approx(5 / math.sqrt(3))
    assert STATS.sure(np.array([1.0, 0.0, 0.0])) > 0.9
    assert STATS.sure(np.array([1.0, 1.0, 0.0])) < 0.1


def test_the_shipped_numbers_know_every_move() -> None:
    tuned = read_tuned()
    assert max(tuned.moved(np.zeros(5)).items(), key=lambda each: each[1])[0] == "still"
    right = tuned.moved(np.array([0.09, 0.0, 0.0, 0.0, 0.0]))
    assert max(right, key=lambda move: right[move]) == "pan right"
    assert sum(right.values()) == pytest.approx(1.0)
