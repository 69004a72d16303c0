"""Embeddings of plain numbers. In: levels `[...]`, places `[b n 4]`. Out: features `[... d]`."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LevelEmbedding(nn.Module):
    """Fourier features of a noise level in 0..1, through a small perceptron."""

    def __init__(self, width: int, *, features: int = 64) -> None:
        super().__init__()
        frequencies = torch.logspace(0, 2, features // 2) * torch.pi / 2
        self.frequencies: Tensor
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.mlp = nn.Sequential(nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, level: Tensor) -> Tensor:
        """`[...] -> [... d]`."""
        angle = level[..., None] * self.frequencies
        out: Tensor = self.mlp(torch.cat([angle.cos(), angle.sin()], dim=-1))
        return out


PERIODS = (64.0, 32.0, 16.0, 8.0)
"""In tokens: the first tells left from right in a picture of any size that is made."""
DECAYS = (0.5, 1.0, 2.0, 4.0)
"""In seconds: how the beginning of a film is told from what comes later, however long it lasts."""


class PlaceEmbedding(nn.Module):
    """Where a token stands in the picture, and how long ago its film began.

    Rotations tell distances alone, and in pure noise, where it is decided what goes which way, frames that
    know nothing but distances are all alike. Words of motion say something of moment and column together
    ("to the right": early at the left, late at the right), so the features mix them before a word is asked.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(len(DECAYS) + 4 * len(PERIODS), width)
        self.out = nn.Linear(width, width)

    def reset(self) -> None:
        """Mixtures spread wide enough to bend, and a small first say: a trained network must bear it."""
        nn.init.normal_(self.mix.weight, std=2 * self.mix.in_features**-0.5)
        nn.init.normal_(self.out.weight, std=0.2 * self.out.in_features**-0.5)
        nn.init.zeros_(self.out.bias)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Time in seconds (negative: outside time), view, row, column `[b n 4]` -> `[b n d]`."""
        time, _, row, column = coordinates.unbind(-1)
        since = torch.exp(-time.clamp(min=0)[..., None] / time.new_tensor(DECAYS))
        since = since * (time >= 0)[..., None]
        turns = 2 * torch.pi / time.new_tensor(PERIODS)
        angle = torch.cat([row[..., None] * turns, column[..., None] * turns], dim=-1)
        features = torch.cat([since, angle.cos(), angle.sin()], dim=-1)
        out: Tensor = self.out(F.silu(self.mix(features)))
        return out
