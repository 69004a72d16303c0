"""Networks whose state is read next."""

import torch
from torch import nn

from kinora.nn.store import Undrawn


def test_networks_that_are_read_draw_nothing_first() -> None:
    before = torch.get_rng_state()
    with Undrawn():
        nn.Sequential(nn.Linear(3, 3), nn.Conv2d(2, 2, 3), nn.Embedding(4, 2))
    assert torch.equal(torch.get_rng_state(), before)
    drawn = nn.Linear(3, 3).weight
    assert not torch.equal(torch.get_rng_state(), before)
    assert drawn.std() > 0
