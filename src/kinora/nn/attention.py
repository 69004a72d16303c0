"""Attention with normalised queries and keys. In: tokens `[b n d]`. Out: the same shape.

a heads, e = d / a channels a head. Keys are remembered before rotation, so that a memory can be
placed anew in time.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.core.machine import TILES
from kinora.nn.norm import RMSNorm
from kinora.nn.rope import Rotation


@dataclass(frozen=True)
class KeyValue:
    """Unrotated normalised keys and values, both `[b a n e]`."""

    key: Tensor
    value: Tensor

    def __getitem__(self, tokens: slice | Tensor) -> "KeyValue":
        return KeyValue(self.key[:, :, tokens], self.value[:, :, tokens])

    def in_a_row(self) -> "KeyValue":
        """`[b a n e] -> [1 a (b n) e]`: the tokens of the whole batch behind each other."""
        key, value = (rearrange(x, "b a n e -> 1 a (b n) e") for x in (self.key, self.value))
        return KeyValue(key, value)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled dot-product attention of `[b a n e]`.

    Under autocast on a CPU without tiles in float32: there the library's backward pass in bfloat16 takes five times as
    long (300 against 62 ms of a step of 2,560 tokens), where matrix products take half; with tiles, three fifths.
    """
    if q.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        dtype = torch.bfloat16 if TILES else torch.float32
        q, k, v = (x.to(dtype) for x in (q, k, v))
        with torch.autocast("cpu", enabled=False):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class SelfAttention(nn.Module):
    """Every token looks at every token that `mask` allows, and at a memory of earlier ones."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        assert width % heads == 0, (width, heads)
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.query_norm = RMSNorm(width // heads)
        self.key_norm = RMSNorm(width // heads)
        self.out = nn.Linear(width, width, bias=False)

    def forward(
        self,
        x: Tensor,
        turn: Rotation,
        *,
        mask: Tensor | None = None,
        past: KeyValue | None = None,
    ) -> tuple[Tensor, KeyValue]:
        """`[b n d] -> [b n d]`, and this call's own keys and values for a memory.

        Args:
            x: tokens.
            turn: rotation of the n tokens.
            mask: `[b 1 n n]` or `[n n]`, True where a token may look.
            past: rotated keys and values of m earlier tokens, seen by all.
        """
        q, k, v = rearrange(self.qkv(x), "b n (three a e) -> three b a n e", three=3, a=self.heads)
        q, k = self.query_norm(q), self.key_norm(k)
        own = KeyValue(k, v)
        q, k = turn(q), turn(k)
        if past is not None:
            k = torch.cat([past.key, k], dim=2)
            v = torch.cat([past.value, v], dim=2)
        y = attend(q, k, v, mask)
        out: Tensor = self.out(rearrange(y, "b a n e -> b n (a e)"))
        return out, own


class CrossAttention(nn.Module):
    """Video tokens look at words whose keys and values were computed once per shot."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(context, 2 * width, bias=False)
        self.query_norm = RMSNorm(width // heads)
        self.key_norm = RMSNorm(width // heads)
        self.out = nn.Linear(width, width, bias=False)

    def read(self, states: Tensor) -> KeyValue:
        """Keys and values of text states `[b l c]`."""
        k, v = rearrange(
            self.key_value(states), "b l (two a e) -> two b a l e", two=2, a=self.heads
        )
        return KeyValue(self.key_norm(k), v)

    def forward(self, x: Tensor, words: KeyValue, mask: Tensor) -> Tensor:
        """`[b n d] -> [b n d]`; `mask` `[b 1 n l]` is True where a token may look at a word."""
        q = self.query_norm(rearrange(self.query(x), "b n (a e) -> b a n e", a=self.heads))
        y = attend(q, words.key, words.value, mask)
        out: Tensor = self.out(rearrange(y, "b a n e -> b n (a e)"))
        return out
