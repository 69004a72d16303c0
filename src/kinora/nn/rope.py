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
    """Cosines and sines `[b 1 n p]`, computed once for all blocks."""

    cos: Tensor
    sin: Tensor

    @staticmethod
    def by(angle: Tensor) -> "Rotation":
        """From angles `[b n p]`."""
        return Rotation(angle.cos()[:, None], angle.sin()[:, None])

    def __call__(self, x: Tensor) -> Tensor:
        """Turn `[b a n 2p]`, a heads: channel i pairs with channel i + p."""
        one, two = x.chunk(2, dim=-1)
        return torch.cat([one * self.cos - two * self.sin, one * self.sin + two * self.cos], dim=-1)
