"""Rotary positions over several axes. In: coordinates `[... a]`. Out: angles that turn queries and keys.

Su et al. 2021 (arXiv:2104.09864), one group of frequencies per axis. Coordinates are real numbers
(seconds, rows, columns), so any size, rate and length is native.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Axis:
    """One axis: `pairs` rotating pairs of channels, wavelengths from `shortest` to `longest` units."""

    pairs: int
    shortest: float
    longest: float

    def frequencies(self) -> Tensor:
        """`[pairs]` radians per unit."""
        if self.pairs == 1:
            return torch.tensor([2 * torch.pi / self.longest])
        ratio = (self.longest / self.shortest) ** (1 / (self.pairs - 1))
        wavelengths: Tensor = self.shortest * ratio ** torch.arange(self.pairs)
        return 2 * torch.pi / wavelengths


def angles(axes: Sequence[Axis], coordinates: Tensor) -> Tensor:
    """`[... a]` coordinates, one per axis -> `[... p]` angles, p the pairs of all axes together."""
    parts = [
        coordinates[..., i, None] * axis.frequencies().to(coordinates)
        for i, axis in enumerate(axes)
    ]
    return torch.cat(parts, dim=-1)


@dataclass(frozen=True)
class Rotation:
    """Cosines and sines `[b 1 n 2p]`, computed once for all blocks and steps.

    A turn is x cos + (x with its halves exchanged) sin, the sines of the first half negative: two passes
    over memory, where halves turned one by one take six.
    """

    cos: Tensor
    sin: Tensor

    @staticmethod
    def by(angle: Tensor) -> "Rotation":
        """From angles `[b n p]`."""
        cos, sin = angle.cos()[:, None], angle.sin()[:, None]
        return Rotation(torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1))

    def __call__(self, x: Tensor) -> Tensor:
        """Turn `[b a n 2p]`, a heads: channel i pairs with channel i + p."""
        pairs = x.shape[-1] // 2
        return torch.addcmul(x * self.cos, x.roll(pairs, -1), self.sin)
