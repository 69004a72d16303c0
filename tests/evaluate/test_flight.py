import numpy as np
import pytest

from kinora.caption.facts import Spot
from kinora.evaluate.flight import flight, flight_errors
from kinora.evaluate.promise import promises, ways

FPS = 8.0


def bouncing(*, gravity: float = 1.2, keep: float = 0.6, frames: int = 33) -> np.ndarray:
    """`[t 2]`: dropped from 0.2 on to a floor at 0.8, each bounce `keep` times as fast."""
    y, speed, out, fine = 0.2, 0.0, [], 200
    for t in range(frames * fine):
        if t % fine == 0:
            out.append(y)
        speed += gravity / FPS / fine
        y += speed / FPS / fine
        if y > 0.8:
            y, speed = 0.8, -keep * speed
    return np.stack([np.full(frames, 0.5), np.array(out)], axis=1)


def spots(way: np.ndarray, at: range = range(33)) -> tuple[Spot, ...]:
    return tuple(Spot(t, float(way[t, 0]), float(way[t, 1]), 0.1, 0.1, 0.9) for t in at)


def test_gravity_and_bounce_are_read_from_the_picture() -> None:
    found = flight(bouncing()[:, 1], fps=FPS)
    assert found is not None
    assert found.start <= 1  # the first step of a fall is hardly one
    assert found.acceleration == pytest.approx(1.2, rel=0.05)
    assert found.restitution == pytest.approx(0.6, abs=0.08)


def test_what_stands_or_slides_does_not_fall() -> None:
    assert flight(np.full(33, 0.5), fps=FPS) is None
    assert flight_errors((), np.stack([np.linspace(0, 1, 33), np.full(33, 0.6)], 1), fps=FPS) == {}


def test_the_true_flight_has_no_error_and_a_slow_one_has_its_own() -> None:
    way = bouncing()
    right = {"fall shown": 1, "fall error": 0, "restitution error": 0}
    assert flight_errors(spots(way), way, fps=FPS) == right
    slow = flight_errors(spots(bouncing(gravity=0.6)), way, fps=FPS)
    assert slow["fall error"] == pytest.approx(0.5, abs=0.05)
    dead = flight_errors(spots(bouncing(keep=0.0)), way, fps=FPS)
    assert dead["restitution error"] > 0.4


def test_a_fall_that_is_not_there_counts_as_not_shown() -> None:
    errors = flight_errors(spots(bouncing(), range(20, 33)), bouncing(), fps=FPS)
    assert errors == {"fall shown": 0}


def test_the_worlds_own_falls_are_found() -> None:
    falls = [p for p in promises()[:40] if "falls from above" in p.prompt]
    assert falls
    assert all(flight_errors((), ways(p)[:, 0], fps=FPS) for p in falls)
