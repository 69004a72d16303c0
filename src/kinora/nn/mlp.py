"""The two-layer perceptron of a block. In: `[... d]`. Out: `[... d]`."""

import torch
from torch import Tensor, nn


def squared_relu(x: Tensor) -> Tensor:
    """`max(x, 0)**2` (So et al. 2021, arXiv:2109.08668), written over `x`, which must be nobody else's.

    Fresh memory for a large result costs as much as a third of the matrix product before it.
    """
    x = x.relu_()
    return x * x if torch.is_grad_enabled() else x.mul_(x)


class MLP(nn.Module):
    """Linear, squared ReLU, linear; it costs a fraction of a GELU on a CPU, where elementwise work counts."""

    def __init__(self, width: int, *, ratio: int = 4) -> None:
        super().__init__()
        self.inward = nn.Linear(width, ratio * width, bias=False)
        self.outward = nn.Linear(ratio * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Position by position."""
        y: Tensor = self.outward(squared_relu(self.inward(x)))
        return y
