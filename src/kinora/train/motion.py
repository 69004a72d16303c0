"""Which way things go, read from where they stand. In: labels `[b f h w 2]`. Out: ways `[b f h w 2]`.

"To the right" names neither a place nor a moment: a picture's error shows it only to a network that already
compares two frames. Asked at the thing itself, it is one word and one answer.
"""

import torch
from einops import rearrange
from torch import Tensor

from kinora.train.autoencoder import COLOURS, KINDS

NOTHING = -100
"""Where no answer is asked for; `cross_entropy` leaves it out."""
WAYS = 3
"""It stays, it goes to smaller numbers (left, up), it goes to larger ones (right, down)."""
SLOW = 0.3
"""Latent positions in a latent frame: what moves less stays."""


def ways(labels: Tensor) -> Tensor:
    """How the thing at each position goes across and down `[b f h w 2]`; `NOTHING` where none stands.

    Two things of one kind and colour count as one, which stands between them.

    Args:
        labels: kind and colour `[b f h w 2]` of each latent position, kind 0 where nothing stands.
    """
    b, f, h, w, _ = labels.shape
    if f == 1:
        return torch.full_like(labels, NOTHING)
    kind, colour = labels.unbind(-1)
    thing = (kind * COLOURS + colour).flatten(2)  # b f (h w)
    row, column = (torch.arange(size, device=labels.device, dtype=torch.float32) for size in (h, w))
    spots = torch.stack([column.repeat(h), row.repeat_interleave(w)], dim=-1)  # (h w) 2
    sums = spots.new_zeros(b, f, KINDS * COLOURS, 3)
    index = thing[..., None].expand(-1, -1, -1, 3)
    counted = torch.cat([spots, spots.new_ones(h * w, 1)], dim=-1)
    sums.scatter_add_(2, index, counted.expand(b, f, -1, -1))
    middle, seen = sums[..., :2] / sums[..., 2:].clamp(min=1), sums[..., 2] > 0  # b f things 2
    before, after = _neighbours(f, device=labels.device)
    speed = (middle[:, after] - middle[:, before]) / (after - before)[:, None, None]
    there = seen & seen[:, before] & seen[:, after]
    way = (speed < -SLOW).long() + 2 * (speed > SLOW).long()
    way[~there] = NOTHING
    at = rearrange(
        way.gather(2, thing[..., None].expand(-1, -1, -1, 2)), "b f (h w) two -> b f h w two", h=h
    )
    return at.masked_fill(kind[..., None] == 0, NOTHING)


def _neighbours(frames: int, *, device: torch.device) -> tuple[Tensor, Tensor]:
    """The frame before each and the one after, itself at the ends."""
    number = torch.arange(frames, device=device)
    return (number - 1).clamp(min=0), (number + 1).clamp(max=frames - 1)
