"""Named streams of randomness."""

import torch

from kinora.core.seed import derive, numpy_generator, torch_generator


def test_a_stream_is_the_same_on_every_machine() -> None:
    assert derive(7, "noise", 0) == 8310423280398019369


def test_streams_of_other_names_or_seeds_differ() -> None:
    seeds = {derive(s, name, i) for s in range(3) for name in ("a", "b") for i in range(3)}
    assert len(seeds) == 18


def test_generators_repeat() -> None:
    one, two = (torch.randn(4, generator=torch_generator(3, "x")) for _ in range(2))
    assert torch.equal(one, two)
    assert numpy_generator(3, "x").random() == numpy_generator(3, "x").random()
