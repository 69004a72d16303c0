"""Dense convolutions in space, a shift of channels in time. In: `[b t c h w]`. Out: the same shape.

On CPUs a dense 3x3 convolution runs at the speed of a matrix product and a depthwise one at a tenth
of it; moving a quarter of the channels one step forward in time costs nothing (TSM, arXiv:1811.08383).
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinora.nn.norm import ChannelNorm


@dataclass
class TimeMemory:
    """What each causal shift must remember between two chunks of one stream; filled in call order."""

    slots: dict[int, Tensor] = field(default_factory=dict)
    cursor: int = 0

    def swap(self, last: Tensor) -> Tensor | None:
        """Leave the newest step, take the one left at this point by the previous chunk."""
        previous = self.slots.get(self.cursor)
        self.slots[self.cursor] = last
        self.cursor += 1
        return previous

    def rewind(self) -> None:
        """Start the next chunk of the same stream."""
        self.cursor = 0


def shift_in_time(x: Tensor, *, share: int = 4, memory: TimeMemory | None = None) -> Tensor:
    """Replace the first 1/share of the channels by those of the step before, causally.

    Args:
        x: `[b t c h w]`.
        share: one channel in `share` is moved.
        memory: carries the last step over to the next chunk; without it the first step repeats.

    Returns:
        `[b t c h w]`; step k depends on steps k-1 and k only.
    """
    moved = x.shape[2] // share
    old, new = x[:, :, :moved], x[:, :, moved:]
    before = memory.swap(old[:, -1:].clone()) if memory is not None else None
    first = old[:, :1] if before is None else before
    return torch.cat([torch.cat([first, old[:, :-1]], dim=1), new], dim=2)


class ResidualBlock(nn.Module):
    """norm -> shift in time -> 3x3 -> silu -> 3x3, added to its input."""

    def __init__(self, width: int, *, temporal: bool = True) -> None:
        super().__init__()
        self.temporal = temporal
        self.norm = ChannelNorm(width)
        self.inward = nn.Conv2d(width, width, 3, padding=1)
        self.outward = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.outward.weight)
        nn.init.zeros_(self.outward.bias)  # type: ignore[arg-type]  # a bias is there: bias=True

    def forward(self, x: Tensor, steps: int = 1, memory: TimeMemory | None = None) -> Tensor:
        """`[(b t) c h w] -> [(b t) c h w]`, `steps` = t."""
        y = self.norm(x)
        if self.temporal:
            y = shift_in_time(y.unflatten(0, (-1, steps)), memory=memory).flatten(0, 1)
        out: Tensor = x + self.outward(F.silu(self.inward(y)))
        return out
