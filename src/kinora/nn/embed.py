"""Embeddings of plain numbers. In: levels `[...]`. Out: features `[... d]`."""

import torch
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
