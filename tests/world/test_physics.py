from dataclasses import replace

import numpy as np
import pytest

from kinora.world import Mix, sample_scene
from kinora.world.camera import stand
from kinora.world.drive import GRAVITY
from kinora.world.physics import simulate
from kinora.world.sample import sample_take
from kinora.world.scene import Happening, Scene, Thing

CAMERA = stand(aspect=1.6, horizon=0.35, stage=0.68, distance=6.0, focal=1.1)
BALL = Thing("ball", "red", "medium", "matte", 0.5, (0.0, 0.0, 0.5))


def scene(*things: Thing, happenings: tuple[Happening, ...], fps: float = 24.0) -> Scene:
    return Scene(1, things, "sand", "noon", 2.0, CAMERA, happenings, frames=33, fps=fps)


def test_a_fall_obeys_gravity() -> None:
    high = replace(BALL, position=(0.0, 0.0, 6.0))
    motion, touches = simulate(scene(high, happenings=(Happening("falls", 0),)))
    t = np.arange(20) / 24.0
    expected = 6.0 - 0.5 * GRAVITY * t**2
    np.testing.assert_allclose(motion.positions[:20, 0, 2], expected, atol=0.03)
    assert touches[0].time == pytest.approx(np.sqrt(2 * 5.5 / GRAVITY), rel=0.02)
    assert (touches[0].first, touches[0].second) == (-1, 0)


def test_a_fall_waits_for_its_time() -> None:
    high = replace(BALL, position=(0.0, 0.0, 4.0))
    motion, _ = simulate(scene(high, happenings=(Happening("falls", 0, start=0.5),)))
    np.testing.assert_allclose(motion.positions[:12, 0, 2], 4.0, atol=1e-3)
    assert motion.positions[-1, 0, 2] < 1.0


def test_a_bounce_gives_back_most_of_its_height() -> None:
    high = replace(BALL, position=(0.0, 0.0, 2.0))
    motion, _ = simulate(scene(high, happenings=(Happening("bounces", 0),), fps=60.0))
    heights = motion.positions[:, 0, 2] - 0.5
    assert heights[32] < 0.3
    longer = replace(scene(high, happenings=(Happening("bounces", 0),), fps=60.0), frames=90)
    again = simulate(longer)[0].positions[40:, 0, 2].max() - 0.5
    assert 0.5 * 1.5 < again < 0.95 * 1.5


def test_rolling_does_not_slip() -> None:
    act = Happening("rolls", 0, heading=1, speed=1.5)
    motion, _ = simulate(scene(BALL, happenings=(act,)))
    way = motion.positions[:, 0, 0] - motion.positions[0, 0, 0]
    np.testing.assert_allclose(way, 1.5 * np.arange(33) / 24.0, atol=0.02)
    # Half a turn when it has rolled half its circumference.
    w = np.abs(motion.quaternions[:, 0, 0])
    half = int(np.argmin(np.abs(way - np.pi * 0.5)))
    assert w[half] < 0.1


def test_what_stands_still_does_not_move() -> None:
    mix = Mix(happenings=("stands still",), max_things=2, still_camera=1.0, cuts=0.0)
    for seed in range(4):
        positions = sample_take(seed, mix=mix).motion.positions
        np.testing.assert_allclose(
            positions, np.broadcast_to(positions[:1], positions.shape), atol=0.03
        )


def test_a_circle_comes_round() -> None:
    act = Happening("circles", 0, heading=1, speed=2 * np.pi / 4, radius=1.0)
    start = replace(BALL, position=(0.0, -1.0, 0.5))
    motion, _ = simulate(scene(start, happenings=(act,), fps=8.0))
    radius = np.linalg.norm(motion.positions[:, 0, :2], axis=-1)
    np.testing.assert_allclose(radius, 1.0, atol=0.1)
    np.testing.assert_allclose(motion.positions[-1], motion.positions[0], atol=0.15)


@pytest.mark.parametrize("name", ["bumps into", "pushes", "stacks"])
def test_things_touch_where_the_story_says_so(name: str) -> None:
    mix = Mix(happenings=(name,), still_camera=1.0, cuts=0.0)
    take = sample_take(2, mix=mix)
    assert {(0, 1)} <= {(touch.first, touch.second) for touch in take.touches}
    assert sample_scene(2, mix=mix) == take.scene
