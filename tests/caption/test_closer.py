"""Things are cut out of the frame where they are, and answered for one by one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.caption.answers import OF_A_THING
from kinora.caption.closer import QUESTIONS, SIDE, Closer, CloserConfig, close_ups, looked_closer
from kinora.caption.facts import Spot
from kinora.caption.peaks import Peak

BLUE = (0, 0, 255)


@pytest.fixture
def frames() -> np.ndarray:
    """Two grey frames of 160x256 with a blue square, which is elsewhere in the second."""
    shown = np.full((2, 160, 256, 3), 128, np.uint8)
    shown[0, 40:80, 100:140] = BLUE
    shown[1, 100:140, 216:256] = BLUE
    return shown


def test_a_thing_fills_its_close_up_but_for_a_margin(frames: np.ndarray) -> None:
    boxes = np.array([[120 / 256, 60 / 160, 40 / 256, 40 / 160]])
    (near,) = close_ups(frames, [0], boxes)
    assert near.shape == (3, SIDE, SIDE)
    blue = near[2] > 0.9
    assert 0.5 < blue.float().mean() < 0.68  # 1 / 1.3 ** 2
    assert blue[SIDE // 2, SIDE // 2] and not blue[0].any() and not blue[:, -1].any()


def test_beyond_the_picture_its_edge_goes_on(frames: np.ndarray) -> None:
    boxes = np.array([[236 / 256, 120 / 160, 40 / 256, 40 / 160]])
    (near,) = close_ups(frames, [1], boxes)
    assert (near[2, SIDE // 2, SIDE // 2 :] > 0.9).all()


def test_the_same_share_of_a_larger_picture_is_cut_out(frames: np.ndarray) -> None:
    boxes = np.array([[120 / 256, 60 / 160, 4 / 256, 4 / 160]])
    large = frames.repeat(2, 1).repeat(2, 2)
    small, same = close_ups(frames, [0], boxes), close_ups(large, [0], boxes)
    assert (small - same).abs().mean() < 0.02


def test_answers_from_near_replace_those_from_afar(frames: np.ndarray) -> None:
    torch.manual_seed(0)
    closer = Closer(CloserConfig(widths=(4, 4, 4))).eval()
    with torch.no_grad():
        closer.answer.bias[:] = 0
        closer.answer.bias[list(OF_A_THING["kind"]).index("cube")] = 20
        closer.answer.bias[len(OF_A_THING["kind"]) + len(OF_A_THING["finish"]) + 2] = 20
    even = {
        name: np.full(len(words), 1 / len(words), np.float32) for name, words in OF_A_THING.items()
    }
    spot = Spot(frame=7, x=0.5, y=0.4, width=0.2, height=0.2, sure=1.0)
    peak = Peak(spot=spot, answers=even, feature=np.zeros(1, np.float32))
    nothing, (seen,) = looked_closer(closer, frames, [[], [peak]])
    assert nothing == []
    assert seen.answers["kind"].argmax() == OF_A_THING["kind"].index("cube")
    assert (seen.spot.bites, seen.spot.frame) == (2, 7)
    ball = np.eye(len(even["kind"]), dtype=np.float32)[0]
    sure = replace(peak, answers={**even, "kind": ball})
    (other,) = looked_closer(closer, frames, [[sure]])[0]
    assert other.answers["kind"].argmax() == 0, "what the eye rules out is not said"
    unasked = set(OF_A_THING) - set(QUESTIONS)
    assert all(seen.answers[name] is even[name] for name in unasked)


def test_no_things_are_no_work(frames: np.ndarray) -> None:
    closer = Closer(CloserConfig(widths=(4, 4, 4)))
    assert looked_closer(closer, frames, [[], []]) == [[], []]
