"""A moving average of the weights. In: networks that learn. Out: a slower, better copy to sample from."""

import copy

import torch
from torch import Tensor, nn


class Ema:
    """Exponential moving average; the decay grows with the steps, so early weights are forgotten."""

    def __init__(self, networks: nn.ModuleDict, decay: float) -> None:
        self.decay = decay
        self.networks = copy.deepcopy(networks).eval().requires_grad_(False)
        self._slow: list[Tensor] = list(self.networks.parameters())
        self._fast = list(networks.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the learning weights."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._slow, [p.detach() for p in self._fast], 1 - decay)
