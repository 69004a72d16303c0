import torch

from kinora.train.disturb import disturb, nothing_known


def batch(count: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    frames = torch.zeros(count, 3, 32, 48)
    frames[:, :, 10:20, :8] = 0.8
    things = torch.full((count, 4, 11), -1.0)
    things[:, 0] = torch.tensor([0, 0, 0, 0, -1, -1, 0.05, 4 / 48, 15 / 32, 8 / 48, 10 / 32])
    return frames, things


def test_a_thing_is_where_its_row_says_after_mirroring() -> None:
    frames, things = disturb(*batch(), rng=torch.Generator().manual_seed(0))
    sides = set()
    for frame, x in zip(frames, things[:, 0, -4], strict=True):
        on_the_left = bool(frame[:, 10:20, :8].mean() > frame[:, 10:20, -8:].mean())
        assert on_the_left == bool(x < 0.5)
        sides.add(on_the_left)
    assert sides == {True, False}


def test_the_generator_decides_everything() -> None:
    first, second, other = (
        disturb(*batch(), rng=torch.Generator().manual_seed(seed))[0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert float(first.abs().max()) <= 1


def test_pictures_of_no_world_differ_and_stay_in_range() -> None:
    pictures = nothing_known(3, 32, 48, rng=torch.Generator().manual_seed(0))
    assert pictures.shape == (3, 3, 32, 48)
    assert float(pictures.abs().max()) <= 1
    assert float((pictures[0] - pictures[1]).abs().mean()) > 0.1
