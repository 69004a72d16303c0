"""Crops show the clip they were cut from, with its labels, and find what moves."""

import pytest
import torch

from kinora.core.seed import torch_generator
from kinora.core.shape import Stride
from kinora.data.pool import Pool
from kinora.train.crops import UNKNOWN, Footage, busy_cells

STRIDE = Stride()


@pytest.fixture(scope="module")
def footage() -> Footage:
    """Two clips whose pixels tell where they are, with a dot that jumps about in one cell."""
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    clip = torch.stack([y, x, torch.zeros_like(x)], -1).to(torch.uint8).expand(2, 9, -1, -1, -1)
    frames = clip.clone()
    frames[..., 2] = torch.arange(9)[None, :, None, None]
    frames[:, 6, 40, 100, 0] = 255
    r, c = torch.meshgrid(torch.arange(6), torch.arange(8), indexing="ij")
    labels = torch.stack([r, c], -1).to(torch.uint8).expand(2, 3, -1, -1, -1).contiguous()
    return Footage.of(Pool({"frames": frames, "labels": labels}, ()), STRIDE)


def test_busy_is_where_and_when_something_moves(footage: Footage) -> None:
    assert footage.busy[0].nonzero().tolist() == [[2, 2, 6]]
    still = busy_cells(torch.zeros(1, 32, 32, 3, dtype=torch.uint8), STRIDE)
    assert still.shape == (1, 2, 2)
    assert not still.any()


def test_footage_that_is_added_is_cut_from_too(footage: Footage) -> None:
    black = Footage(
        torch.zeros_like(footage.frames), footage.labels, torch.zeros_like(footage.busy), STRIDE
    )
    both = footage.with_more(black)
    crops = both.crops(40, latents=2, side=64, chase=0.0, g=torch_generator(0, "c"))
    new = (crops.frames == 0).flatten(1).all(1)
    assert new.any() and not new.all()
    chased = both.crops(40, latents=3, side=64, chase=1.0, g=torch_generator(0, "c"))
    assert len(chased.frames) == 40, "clips in which nothing moves are cut anywhere"


def test_labels_fit_the_pixels(footage: Footage) -> None:
    crops = footage.crops(40, latents=2, side=64, chase=0.0, g=torch_generator(0, "c"))
    assert crops.frames.shape == (40, 5, 64, 64, 3)
    assert crops.labels.shape == (40, 2, 4, 4, 2)
    known = crops.labels[:, 0, 0, 0, 0] != UNKNOWN
    assert known.any()
    assert not known.all()
    for frames, labels in zip(crops.frames[known], crops.labels[known], strict=True):
        times = frames[:, 0, 0, 2].tolist()
        assert times == list(range(times[0], times[0] + 5))
        assert times[0] % 4 == 0
        cells = frames[0, 8::16, 8::16, :2].long() // 16
        assert torch.equal(cells, labels[0])


def test_a_chasing_crop_holds_what_moves(footage: Footage) -> None:
    crops = footage.crops(60, latents=3, side=32, chase=1.0, g=torch_generator(1, "c"))
    straight = crops.labels[:, 0, 0, 0, 0] != UNKNOWN
    cells = crops.labels[straight, 0].flatten(1, 2)
    assert straight.sum() > 20
    assert (cells == torch.tensor([2, 6])).all(-1).any(1).all()


def test_a_sliding_crop_moves_evenly_until_the_edge(footage: Footage) -> None:
    crops = footage.crops(60, latents=3, side=64, chase=0.0, g=torch_generator(2, "c"))
    sliding = crops.labels[:, 0, 0, 0, 0] == UNKNOWN
    steps = crops.frames[sliding][:, :, 0, :, 1].long().amin(-1).diff(dim=1)
    assert steps.abs().max() <= 6
    assert len(steps.unique()) > 3
