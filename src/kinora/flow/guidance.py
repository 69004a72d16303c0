"""Guidance: push away from what no words would give. In: two velocities. Out: one."""

import torch
from torch import Tensor


def classifier_free(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    """u + scale (c - u) (Ho and Salimans 2022, arXiv:2207.12598)."""
    return torch.lerp(unconditional, conditional, scale)


def rescaled(guided: Tensor, conditional: Tensor, amount: float) -> Tensor:
    """Bring the guided velocity back to the spread of the conditional one (arXiv:2305.08891, 3.4).

    Args:
        guided: `[... f c h w]`.
        conditional: the same shape.
        amount: 0 leaves `guided` alone, 1 rescales fully.
    """
    axes = (-3, -2, -1)
    ratio = conditional.std(axes, keepdim=True) / guided.std(axes, keepdim=True).clamp_min(1e-6)
    return guided * (1 + amount * (ratio - 1))
