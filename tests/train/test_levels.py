"""The mixtures of noise levels: each makes known what its edit holds, and nothing else."""

import pytest
import torch

from kinora.train.levels import BEGINS, CONTEXT_NOISE, KNOWN_CAMERA, chunked, drawn, from_cameras


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_levels_are_spread_evenly_and_shifted_towards_noise() -> None:
    plain = drawn(512, amount=1.0, generator=generator())
    shifted = drawn(512, amount=3.0, generator=generator())
    assert float((shifted == 1).float().mean()) == pytest.approx(BEGINS, abs=0.01)
    plain, shifted = plain[plain < 1], shifted[shifted < 1]
    assert float(plain.median()) == pytest.approx(0.5, abs=0.01)
    assert float(shifted.median()) == pytest.approx(0.75, abs=0.01)
    assert float(shifted.min()) > 0


def test_a_stream_looks_back_at_frames_that_are_clean_or_nearly_so() -> None:
    level = chunked(3000, 8, chunk=3, amount=1.0, generator=generator())
    assert level.shape == (3000, 8)
    assert torch.equal(level[:, 0], level[:, 2]) and torch.equal(level[:, 3], level[:, 5])
    first, second, third = level[:, 0], level[:, 3], level[:, 6]
    # Of three chunks each is the one to be dreamt in a third of the clips.
    assert float((first == 0).float().mean()) == pytest.approx(2 / 3 / 2, abs=0.03)
    assert float((second == 0).float().mean()) == pytest.approx(1 / 3 / 2, abs=0.03)
    assert (third > 0).all()
    assert float((first <= CONTEXT_NOISE).float().mean()) > 0.66
    dreamt = third[(first == 0) & (second == 0)]
    assert float(dreamt.median()) == pytest.approx(0.5, abs=0.03)


def test_of_two_cameras_the_first_is_often_known_and_the_other_never() -> None:
    level = from_cameras(2000, 4, cameras=2, amount=1.0, generator=generator())
    assert level.shape == (2000, 8)
    known = (level[:, :4] == 0).all(1)
    assert float(known.float().mean()) == pytest.approx(KNOWN_CAMERA, abs=0.03)
    assert (level[:, 4:] > 0).all()
    assert torch.equal(level[~known][:, 0], level[~known][:, 7])
