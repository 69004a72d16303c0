"""Ids to text states. In: `[b l]` ids. Out: states `[b l c]` and a mask `[b l]`, once per shot.

b prompts, l words, c text width. A small transformer, trained together with the video transformer.
"""

from typing import Any

import torch
from torch import Tensor, nn

from kinora.core.config import Config
from kinora.nn.attention import SelfAttention
from kinora.nn.mlp import MLP
from kinora.nn.norm import RMSNorm
from kinora.nn.rope import Axis, Rotation, angles
from kinora.nn.states import TextStates


class TextConfig(Config):
    """Sizes of the text encoder: `vocabulary` ids, `width`, `depth` layers, at most `limit` words."""

    vocabulary: int = 0
    width: int = 192
    depth: int = 2
    limit: int = 96


class TextBlock(nn.Module):
    """Attention and perceptron, both on normalised input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_one = RMSNorm(width)
        self.attention = SelfAttention(width, width // 64)
        self.norm_two = RMSNorm(width)
        self.mlp = MLP(width)

    def forward(self, x: Tensor, turn: Rotation, mask: Tensor) -> Tensor:
        """`[b l c] -> [b l c]`."""
        x = x + self.attention(self.norm_one(x), turn, mask=mask)[0]
        y: Tensor = x + self.mlp(self.norm_two(x))
        return y


class TextEncoder(nn.Module):
    """Word embeddings and a few transformer layers. Empty prompts have a state of their own."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        assert config.width % 64 == 0, config.width
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(TextBlock(config.width) for _ in range(config.depth))
        self.norm = RMSNorm(config.width)
        self.axes = (Axis(pairs=32, shortest=4, longest=4 * config.limit),)

    def forward(self, ids: Tensor, mask: Tensor) -> TextStates:
        """`[b l]` ids and mask -> states `[b l c]`."""
        x = self.embed(ids)  # b l c
        place = torch.arange(ids.shape[1], device=ids.device, dtype=x.dtype)
        turn = Rotation.by(angles(self.axes, place[None, :, None]))
        for block in self.blocks:
            x = block(x, turn, mask[:, None, None, :])  # b l c
        return TextStates(states=self.norm(x), mask=mask)

    def settings(self) -> dict[str, Any]:
        """What `config.json` stores."""
        return self.config.model_dump()
