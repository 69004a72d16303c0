"""One transformer block. In: tokens `[b n d]`, modulation, text. Out: tokens `[b n d]`."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kinora.nn.attention import CrossAttention, KeyValue, SelfAttention
from kinora.nn.mlp import MLP
from kinora.nn.norm import RMSNorm
from kinora.nn.rope import Rotation

PARTS = 6
"""Shift, scale and gate, for attention and for the perceptron."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What every block of one forward pass shares.

    Args:
        turn: rotation of the n tokens.
        mask: self-attention mask or None.
        words_mask: `[b 1 n l]`, which words a token may look at.
    """

    turn: Rotation
    mask: Tensor | None
    words_mask: Tensor


class Block(nn.Module):
    """Self-attention, cross-attention to the words (in every second block), perceptron.

    One modulation is computed for all blocks; each adds a bias of its own (PixArt-alpha's
    adaLN-single, arXiv:2310.00426).
    """

    def __init__(self, width: int, heads: int, context: int | None) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(PARTS * width))
        self.norm_one = RMSNorm(width, affine=False)
        self.attention = SelfAttention(width, heads)
        self.words = None if context is None else CrossAttention(width, heads, context)
        self.norm_words = RMSNorm(width)
        self.norm_two = RMSNorm(width, affine=False)
        self.mlp = MLP(width)

    def forward(
        self,
        x: Tensor,
        modulation: Tensor,
        looks: Looks,
        words: KeyValue | None,
        past: KeyValue | None = None,
    ) -> tuple[Tensor, KeyValue]:
        """`[b n d]` and modulation `[b f m 6d]` -> `[b n d]`, and keys and values for a memory.

        m is 1 where the tokens of a frame share their level: told apart, they would cost as much memory
        traffic as the matrix products.
        """
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.bias).chunk(PARTS, dim=-1)
        y, own = self.attention(
            modulated(self.norm_one(x), scale1, shift1),
            looks.turn, mask=looks.mask, past=past,
        )  # fmt: skip
        x = gated(x, gate1, y)
        if self.words is not None:
            assert words is not None
            x = x + self.words(self.norm_words(x), words, looks.words_mask)
        y = self.mlp(modulated(self.norm_two(x), scale2, shift2))
        return gated(x, gate2, y), own


def modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """`[b n d]` scaled and shifted by `[b f m d]`, frame by frame, in one pass over memory."""
    framed = x.unflatten(1, (scale.shape[1], -1))  # type: ignore[no-untyped-call]
    return torch.addcmul(shift, framed, 1 + scale).flatten(1, 2)


def gated(x: Tensor, gate: Tensor, y: Tensor) -> Tensor:
    """`[b n d]` plus `y` times the gate `[b f m d]`, frame by frame, in one pass over memory."""
    frames = (gate.shape[1], -1)
    framed = [part.unflatten(1, frames) for part in (x, y)]  # type: ignore[no-untyped-call]
    return torch.addcmul(framed[0], gate, framed[1]).flatten(1, 2)
