"""What a stream remembers of earlier frames. In: keys and values of clean frames. Out: a bounded `Past`.

The first frames stay (sinks), the newest stay whole (window), older ones are pooled in space, twice,
and then forgotten; FramePack (arXiv:2504.12626) and LongLive (arXiv:2509.22622) do alike. Keys are kept
unrotated, so each block places them anew relative to its own time.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from einops import rearrange
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from kinora.nn.attention import KeyValue
from kinora.transformer.model import Past

OUTSIDE = -1.0e3
"""Coordinates below this many seconds are outside time and never moved."""


class MemoryConfig(BaseModel):
    """How much a stream remembers, in latent frames.

    Args:
        chunk: dreamt at once.
        sinks: first frames kept for good.
        window: newest frames kept whole.
        middle: frames before those, a quarter of their tokens each.
        far: frames before those, a sixteenth of their tokens each; older ones are forgotten.
        reach: seconds; no memory is placed further back than this, however old it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk: int = Field(default=3, ge=1)
    sinks: int = Field(default=1, ge=0)
    window: int = Field(default=12, ge=1)
    middle: int = Field(default=16, ge=0)
    far: int = Field(default=32, ge=0)
    reach: float = Field(default=24.0, gt=0)


@dataclass(frozen=True, eq=False)
class Remembered:
    """One latent frame: unrotated keys and values per block, and its tokens' coordinates `[b n 4]`.

    Args:
        blocks: one entry per block, `[b a n e]`.
        coordinates: time, view, row, column.
        rows, columns: the tokens' grid, n = rows * columns.
    """

    blocks: tuple[KeyValue, ...]
    coordinates: Tensor
    rows: int
    columns: int

    def pooled(self) -> "Remembered":
        """The same frame at half as many rows and columns, rounded up."""
        rows, columns = (self.rows + 1) // 2, (self.columns + 1) // 2
        old, new = (self.rows, self.columns), (rows, columns)
        return Remembered(
            blocks=tuple(KeyValue(_pool(b.key, old, new), _pool(b.value, old, new)) for b in self.blocks),
            coordinates=_pool(self.coordinates[:, None], old, new)[:, 0],
            rows=rows,
            columns=columns,
        )  # fmt: skip


def _pool(x: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """`[b a n e] -> [b a n' e]`: means over the grid."""
    batch, heads = x.shape[:2]
    picture = rearrange(x, "b a (r c) e -> (b a) e r c", r=old[0], c=old[1])
    small = F.adaptive_avg_pool2d(picture, new)
    return rearrange(small, "(b a) e r c -> b a (r c) e", b=batch, a=heads)


@dataclass(frozen=True, eq=False)
class Memory:
    """An immutable memory; `add` returns the next one."""

    config: MemoryConfig
    sinks: tuple[Remembered, ...] = ()
    window: tuple[Remembered, ...] = ()
    middle: tuple[Remembered, ...] = ()
    far: tuple[Remembered, ...] = ()
    pinned: tuple[Remembered, ...] = ()

    def add(self, own: Past, *, rows: int, columns: int, now: float = 0.0) -> "Memory":
        """The memory with the frames of `own` in it, oldest first.

        Args:
            own: what `Transformer.run` returned for clean frames.
            rows, columns: tokens of a frame.
            now: what was taken off the frames' times before that run.
        """
        memory = self
        size = rows * columns
        for start in range(0, own.coordinates.shape[1], size):
            memory = memory._with(_frame(own, start, rows, columns, now))
        return memory

    def _with(self, frame: Remembered) -> "Memory":
        if float(frame.coordinates[0, 0, 0]) < OUTSIDE:
            return replace(self, pinned=(*self.pinned, frame))
        if len(self.sinks) < self.config.sinks:
            return replace(self, sinks=(*self.sinks, frame))
        window, left = _push(self.window, frame, self.config.window)
        middle, left = _push(self.middle, left and left.pooled(), self.config.middle)
        far, _ = _push(self.far, left and left.pooled(), self.config.far)
        return replace(self, window=window, middle=middle, far=far)

    @property
    def frames(self) -> tuple[Remembered, ...]:
        """Everything remembered, oldest first."""
        return (*self.pinned, *self.sinks, *self.far, *self.middle, *self.window)

    @property
    def tokens(self) -> int:
        """Tokens that every new token looks at."""
        return sum(frame.rows * frame.columns for frame in self.frames)

    def past(self, now: float) -> Past | None:
        """The memory as a block whose time `now` is zero sees it; None while there is none."""
        frames = self.frames
        if not frames:
            return None
        coordinates = torch.cat([frame.coordinates for frame in frames], dim=1)
        time = coordinates[..., 0]
        placed = torch.where(time < OUTSIDE, time, (time - now).clamp_min(-self.config.reach))
        blocks = tuple(
            KeyValue(
                torch.cat([frame.blocks[i].key for frame in frames], dim=2),
                torch.cat([frame.blocks[i].value for frame in frames], dim=2),
            )
            for i in range(len(frames[0].blocks))
        )
        return Past(blocks, torch.cat([placed[..., None], coordinates[..., 1:]], dim=-1))


def _push(
    queue: tuple[Remembered, ...], frame: Remembered | None, limit: int
) -> tuple[tuple[Remembered, ...], Remembered | None]:
    """The queue with `frame` at its end, and what fell out in front."""
    if frame is None:
        return queue, None
    longer = (*queue, frame)
    return (longer, None) if len(longer) <= limit else (longer[1:], longer[0])


def _frame(own: Past, start: int, rows: int, columns: int, now: float) -> Remembered:
    """Tokens `start` to `start + rows * columns`, copied so that the rest of the block is freed."""
    part = slice(start, start + rows * columns)
    coordinates = own.coordinates[:, part].clone()
    inside = coordinates[..., 0] >= OUTSIDE
    coordinates[..., 0] += now * inside
    return Remembered(
        blocks=tuple(KeyValue(b.key[:, :, part].clone(), b.value[:, :, part].clone()) for b in own.blocks),
        coordinates=coordinates,
        rows=rows,
        columns=columns,
    )  # fmt: skip
