"""The camera's motion is read off frames whose motion is known: a ground and a sky drawn for it."""

import numpy as np
import pytest
import torch

from kinora.caption.camera import by_frame, jumps, shots
from kinora.caption.egomotion import MOTIONS, egomotion, flows
from kinora.caption.facts import Spot
from kinora.caption.tuned import read_tuned
from kinora.core.clip import Frames

HEIGHT, WIDTH = 80, 128
STEPS = 6


def filmed(motion: tuple[float, ...], *, steps: int = STEPS, seed: int = 0) -> Frames:
    """A textured picture that the camera's motion carries along, step by step."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    waves = [(rng.uniform(-0.5, 0.5, 2), rng.uniform(0, 6, 3)) for _ in range(24)]

    def texture(columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
        shades = [np.sin((columns * a + rows * b)[..., None] + at) for (a, b), at in waves]
        return 128 + 16 * np.sum(shades, axis=0)

    flow = torch.einsum("k,kdhw->dhw", torch.tensor(motion), flows(HEIGHT, WIDTH)).numpy()
    frames = [texture(x - t * flow[0], y - t * flow[1]) for t in range(steps)]
    return np.stack(frames).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "motion",
    [
        (0.010, 0.0, 0.0, 0.0, 0.0),
        (-0.010, 0.0, 0.0, 0.0, 0.0),
        (-0.025, 0.0, 0.025, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.020),
        (0.0, 0.009, 0.0, 0.010, 0.0),
    ],
)
def test_the_motion_of_a_camera_is_found(motion: tuple[float, ...]) -> None:
    found = egomotion(filmed(motion)).tolist()
    for name, true, seen in zip(MOTIONS, motion, found, strict=True):
        assert seen == pytest.approx(true, abs=0.003), name


def test_a_thing_that_moves_for_itself_is_left_out() -> None:
    frames = filmed((0.0,) * 5)
    spots = []
    for t in range(STEPS):
        frames[t, 20:70, 10 + 8 * t : 60 + 8 * t] = 8 * np.arange(50)[None, :, None] % 256
        spots.append([Spot(t, (35 + 8 * t) / WIDTH, 45 / HEIGHT, 50 / WIDTH, 50 / HEIGHT, 0.9)])
    blind, told = egomotion(frames), egomotion(frames, spots)
    assert float(told.abs().max()) < 0.002
    assert float(blind.abs().max()) > float(told.abs().max())


def test_a_cut_stands_out_and_parts_two_shots() -> None:
    frames = np.concatenate([filmed((0.0,) * 5), filmed((0.0,) * 5, seed=1)])
    told = jumps(frames)
    assert int(told[:, 0].argmax()) == STEPS - 1
    found = shots(frames, [[]] * len(frames), fps=8.0, tuned=read_tuned())
    assert [(shot.start, shot.stop) for shot in found] == [(0, STEPS), (STEPS, 2 * STEPS)]
    assert [shot.move.word for shot in found] == ["still", "still"]


def test_a_moving_camera_is_no_cut() -> None:
    frames = filmed((0.010, 0.0, 0.0, 0.0, 0.0), steps=2 * STEPS)
    (shot,) = shots(frames, [[]] * len(frames), fps=8.0, tuned=read_tuned())
    assert shot.move.word == "pan right" and shot.move.sure > 0.6


def test_spots_are_sorted_by_frame() -> None:
    one, other = Spot(0, 0.1, 0.1, 0.1, 0.1, 0.9), Spot(2, 0.2, 0.2, 0.1, 0.1, 0.9)
    assert by_frame([(other, one), (one,)], count=3) == [[one, one], [], [other]]
