"""Which noise levels are visited. In: a number of steps or of samples. Out: levels in 0..1.

Shifting moves steps towards noise, as more positions need (Esser et al. 2024, arXiv:2403.03206).
"""

import torch
from torch import Tensor


def shift(level: Tensor, amount: float) -> Tensor:
    """s -> a s / (1 + (a - 1) s): identity for 1, towards noise above 1."""
    return amount * level / (1 + (amount - 1) * level)


def levels(steps: int, *, amount: float = 1.0) -> Tensor:
    """`steps + 1` levels from exactly 1 down to exactly 0."""
    assert steps >= 1, steps
    return shift(torch.linspace(1, 0, steps + 1), amount)


def logit_normal(
    count: int,
    generator: torch.Generator,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    amount: float = 1.0,
) -> Tensor:
    """`count` training levels: sigmoid of a normal, shifted."""
    return shift(torch.sigmoid(mean + std * torch.randn(count, generator=generator)), amount)
