"""Windows in time and space, many at once. In: a pool of clips. Out: square crops with their labels.

Crops lie on the latent grid, so labels fit. Some chase what moves: it is a few per cent of the pixels
and smears first. Some slide, as if the camera panned; what stands where is then unknown.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kinora.core.shape import Stride
from kinora.data.pool import Pool

UNKNOWN = -100
"""The label that cross-entropy ignores."""
SLIDING = 0.25
FASTEST = 6
"""Pixels a frame by which a sliding window moves at most."""
CHANGE = 12
"""Grey levels by which a pixel differs from the frame before if something moves there."""


@dataclass(frozen=True, eq=False)
class Crops:
    """`frames` `[n t side side 3]` uint8 and `labels` `[n f c c 2]`."""

    frames: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Footage:
    """A pool that knows where something moves.

    Args:
        frames: `[n t h w 3]` uint8.
        labels: `[n f h' w' 2]`.
        busy: `[n f h' w']`, 1 where something moves within a latent frame.
        stride: pixels to latents.
    """

    frames: Tensor
    labels: Tensor
    busy: Tensor
    stride: Stride

    @classmethod
    def of(cls, pool: Pool, stride: Stride) -> "Footage":
        """Look through a pool once."""
        frames, labels = pool.tensors["frames"], pool.tensors["labels"]
        busy = torch.stack([busy_cells(clip, stride) for clip in frames])
        return cls(frames, labels, busy, stride)

    def with_more(self, other: "Footage") -> "Footage":
        """This footage and that."""
        frames, labels, busy = (
            torch.cat([getattr(self, name), getattr(other, name)])
            for name in ("frames", "labels", "busy")
        )
        return Footage(frames, labels, busy, self.stride)

    def crops(
        self, count: int, *, latents: int, side: int, chase: float, g: torch.Generator
    ) -> Crops:
        """`count` random crops, mirrored half of the time.

        Args:
            count: n.
            latents: f, latent frames of each.
            side: in pixels, a multiple of the stride.
            chase: share placed over something that moves.
            g: on the CPU.
        """
        n, f, rows, columns = self.busy.shape
        s, cells, device = self.stride.space, side // self.stride.space, self.frames.device

        def below(limit: int) -> Tensor:
            return torch.randint(limit, (count,), generator=g).to(device)

        def often(share: float) -> Tensor:
            return (torch.rand(count, generator=g) < share).to(device)

        clip, start = below(n), below(f - latents + 1)
        later = start[:, None] + torch.arange(latents, device=device)
        moving = self.busy[clip[:, None], later].amax(1).flatten(1).cpu()
        aim = torch.multinomial(moving.float() + 1e-6, 1, generator=g)[:, 0].to(device)
        chasing = often(chase) & (moving.amax(1) > 0).to(device)
        top = (aim // columns - below(cells)).clamp(0, rows - cells)
        left = (aim % columns - below(cells)).clamp(0, columns - cells)
        top = torch.where(chasing, top, below(rows - cells + 1))
        left = torch.where(chasing, left, below(columns - cells + 1))
        sliding = often(SLIDING if latents > 1 else 0.0)
        speed = torch.where(sliding, below(2 * FASTEST + 1) - FASTEST, 0)

        t = torch.arange((latents - 1) * self.stride.time + 1, device=device)
        across = torch.arange(side, device=device)
        edge = (left[:, None] * s + speed[:, None] * t).clamp(0, columns * s - side)  # n t
        x = edge[:, :, None] + across  # n t side
        y = top[:, None] * s + across  # n side
        time = start[:, None] * self.stride.time + t  # n t
        mirrored = often(0.5)[:, None, None]
        x = torch.where(mirrored, x.flip(2), x)
        frames = self.frames[
            clip[:, None, None, None], time[:, :, None, None], y[:, None, :, None], x[:, :, None, :]
        ]
        grid = torch.arange(cells, device=device)
        r, c = top[:, None] + grid, left[:, None] + grid
        c = torch.where(mirrored[:, 0], c.flip(1), c)
        labels = self.labels[
            clip[:, None, None, None],
            later[:, :, None, None],
            r[:, None, :, None],
            c[:, None, None],
        ].long()
        return Crops(frames, labels.masked_fill(sliding[:, None, None, None, None], UNKNOWN))


def busy_cells(clip: Tensor, stride: Stride) -> Tensor:
    """Where `[t h w 3]` uint8 moves: `[f h' w']` uint8, 1 for a cell in which a pixel changes."""
    change = (clip[1:].short() - clip[:-1].short()).abs().amax(-1) > CHANGE  # t-1 h w
    later = stride.latent_frames(len(clip)) - 1
    groups = change.view(later, stride.time, *change.shape[1:]).amax(1).float()
    # The first frame is a latent frame of its own, within which nothing moves.
    return F.max_pool2d(F.pad(groups, (0, 0, 0, 0, 1, 0)), stride.space).to(torch.uint8)
