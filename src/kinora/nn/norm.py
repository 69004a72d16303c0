"""Root-mean-square normalisation over channels. In: any tensor. Out: the same shape, unit scale.

It looks at one position only, so streaming, tiling and batching cannot change a result.
"""

import torch
from torch import Tensor, nn


def scaled(x: Tensor, axis: int, eps: float) -> Tensor:
    """`x` over its root mean square along an axis. The length is read in one pass, no squares are written."""
    length = torch.linalg.vector_norm(x, dim=axis, keepdim=True)
    return x * torch.rsqrt(length.square() / x.shape[axis] + eps)


def times(x: Tensor, gain: Tensor) -> Tensor:
    """The product; without gradients it is written over `x`, which must be nobody else's."""
    return x * gain if torch.is_grad_enabled() else x.mul_(gain)


class RMSNorm(nn.Module):
    """RMSNorm over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467)."""

    def __init__(self, width: int, *, affine: bool = True, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """`[... d] -> [... d]`."""
        y = scaled(x, -1, self.eps)
        return y if self.gain is None else times(y, self.gain)


class ChannelNorm(nn.Module):
    """RMSNorm over axis 1 of an image batch, gain per channel."""

    def __init__(self, width: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`[n c h w] -> [n c h w]`."""
        return times(scaled(x, 1, self.eps), self.gain)
