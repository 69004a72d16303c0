"""Latents to frames, chunk by chunk and tile by tile. In: `[f c h w]`. Out: uint8 frames as they come.

Both are exact: the network is causal in time, and a tile carries a margin as wide as the decoder sees.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from kinora.autoencoder.model import Autoencoder
from kinora.core.clip import Frames
from kinora.nn.convolution import TimeMemory


@dataclass(frozen=True)
class Tile:
    """Latent rows or columns `start..stop` are wanted; `low..high` are read to draw them exactly."""

    start: int
    stop: int
    low: int
    high: int


class Drawer(Protocol):
    """What turns latents into pictures: the autoencoder, or one that draws larger."""

    @property
    def space(self) -> int:
        """Pixels along the side of a latent position."""
        ...

    @property
    def reach(self) -> int:
        """Latent positions on each side that can influence a decoded one."""
        ...

    def decode(self, latents: Tensor, memory: TimeMemory | None = None) -> Tensor:
        """`[b f c h' w'] -> [b t 3 h w]`, causal in time."""
        ...


def tiles(length: int, inner: int, edge: int) -> list[Tile]:
    """Cover `length` positions by tiles of at most `inner` wanted ones."""
    return [
        Tile(at, min(at + inner, length), max(0, at - edge), min(length, at + inner + edge))
        for at in range(0, length, inner)
    ]


def rounded(pixels: Tensor) -> Tensor:
    """`[t 3 h w]` in -1..1 -> `[t h w 3]` uint8."""
    scaled = pixels.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous()


def to_bytes(pixels: Tensor) -> Frames:
    """`[t 3 h w]` in -1..1 -> `[t h w 3]` uint8."""
    frames: Frames = rounded(pixels).cpu().numpy()
    return frames


def to_pixels(frames: Frames) -> Tensor:
    """`[t h w 3]` uint8 -> `[t 3 h w]` in -1..1."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(127.5).sub(1)


PART = 3
"""Latent frames decoded at once; memory grows with it."""

TILE = 32
"""Wanted positions along the side of a tile."""


def decode_stream(
    drawer: Drawer, latents: Tensor, *, chunk: int = PART, tile: int = TILE
) -> Iterator[Frames]:
    """Decode `chunk` latent frames at a time in tiles of `tile` latent positions.

    Args:
        drawer: the network.
        latents: `[f c h w]`.
        chunk: latent frames decoded at once; memory grows with it.
        tile: wanted positions along the side of a tile.

    Yields:
        `[t h w 3]` uint8, t = 1 + 4 (chunk - 1) first, 4 chunk afterwards.
    """
    parts = (latents[start : start + chunk] for start in range(0, len(latents), chunk))
    return decode_parts(drawer, parts, tile=tile)


@torch.inference_mode()
def decode_parts(drawer: Drawer, parts: Iterable[Tensor], *, tile: int = TILE) -> Iterator[Frames]:
    """Decode consecutive latents `[f c h w]` as they come; yields the frames of each part."""
    edge, space = drawer.reach, drawer.space
    memories: list[TimeMemory] = []
    for part in parts:
        _, _, height, width = part.shape
        places = [(r, c) for r in tiles(height, tile, edge) for c in tiles(width, tile, edge)]
        memories = memories or [TimeMemory() for _ in places]
        drawn: Frames | None = None
        for (r, c), memory in zip(places, memories, strict=True):
            pixels = drawer.decode(part[None, :, :, r.low : r.high, c.low : c.high], memory)[0]
            top, left = (r.start - r.low) * space, (c.start - c.low) * space
            high, wide = (r.stop - r.start) * space, (c.stop - c.start) * space
            piece = to_bytes(pixels[:, :, top : top + high, left : left + wide])
            if drawn is None:
                drawn = np.empty((len(piece), height * space, width * space, 3), np.uint8)
            rows = slice(r.start * space, r.stop * space)
            drawn[:, rows, c.start * space : c.stop * space] = piece
        assert drawn is not None
        yield drawn


@torch.inference_mode()
def encode_stream(autoencoder: Autoencoder, frames: Frames, *, chunk: int = 8) -> Tensor:
    """Frames `[1 + 4k h w 3]` -> latents `[f c h w]`, `chunk` latent frames at a time."""
    memory, parts, start = TimeMemory(), [], 0
    while start < len(frames):
        count = chunk * 4 if start else 1 + (chunk - 1) * 4
        pixels = to_pixels(frames[start : start + count])
        parts.append(autoencoder.encode(pixels[None].to(autoencoder.mean), memory)[0])
        start += count
    return torch.cat(parts)
