"""Root-mean-square normalisation over channels. In: any tensor. Out: the same shape, unit scale.

It looks at one position only, so streaming, tiling and batching cannot change a result.
"""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """RMSNorm over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467)."""

    def __init__(self, width: int, *, affine: bool = True, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """`[... d] -> [... d]`."""
        x = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)
        return x if self.gain is None else x * self.gain


class ChannelNorm(nn.Module):
    """RMSNorm over axis 1 of an image batch, gain per channel."""

    def __init__(self, width: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`[n c h w] -> [n c h w]`."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + self.eps) * self.gain
