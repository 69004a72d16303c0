"""The same latents, drawn larger. In: latents `[b f c h w]`. Out: pictures of 2 or 4 times the side.

k pictures a latent frame. The autoencoder draws first; a small network at a quarter of its side looks
at that drawing and at the latents, and adds what enlarging lacks: edges. Causal in time as the rest.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.autoencoder.model import Autoencoder
from kinora.core.config import Config
from kinora.nn.convolution import ResidualBlock, TimeMemory

CELL = 4
"""Pixels of the plain drawing along the side of a cell, which is what the network works on."""


class FineConfig(Config):
    """Sizes of a decoder that draws larger.

    Args:
        times: how much larger.
        channels: of the latents.
        time, space: frames and pixels of a latent position.
        width: channels of a cell.
        depth: residual blocks.
        hint: channels that a cell hears of the latents directly.
    """

    times: int
    channels: int = 48
    time: int = 4
    space: int = 16
    width: int = 48
    depth: int = 3
    hint: int = 12


class FineDecoder(nn.Module):
    """See the module."""

    def __init__(self, config: FineConfig) -> None:
        super().__init__()
        self.config = config
        cells = config.space // CELL
        self.listen = nn.Conv2d(config.channels, 64, 3, padding=1)
        self.spread = nn.Conv2d(64, config.time * config.hint * cells**2, 1)
        self.look = nn.Conv2d(3 * CELL**2 + config.hint, config.width, 1)
        self.blocks = nn.ModuleList(ResidualBlock(config.width) for _ in range(config.depth))
        self.widen = nn.Conv2d(config.width, 2 * config.width, 3, padding=1)
        self.head = nn.Conv2d(2 * config.width, 3 * (CELL * config.times) ** 2, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a bias is there: bias=True

    def forward(self, latents: Tensor, drawn: Tensor, memory: TimeMemory | None = None) -> Tensor:
        """`[b f c h' w']`, `[b (f k) 3 h w]` -> `[b (f k) 3 times*h times*w]`, not clamped."""
        config, steps = self.config, drawn.shape[1]
        plain = drawn.flatten(0, 1)  # n 3 h w
        hint = self.spread(F.silu(self.listen(latents.flatten(0, 1))))
        hint = F.pixel_shuffle(hint, config.space // CELL)
        hint = rearrange(hint, "n (k c) h w -> (n k) c h w", k=config.time)
        x = self.look(torch.cat([F.pixel_unshuffle(plain, CELL), hint], dim=1))
        for block in self.blocks:
            x = block(x, steps, memory)
        x = self.head(F.silu(self.widen(x)))
        more = F.pixel_shuffle(x, CELL * config.times)
        large = enlarge(plain, config.times) + more
        pixels: Tensor = rearrange(large, "(b t) c h w -> b t c h w", t=steps)
        return pixels

    @property
    def reach(self) -> int:
        """Latent positions on each side that it looks at around each."""
        cells = self.config.space // CELL
        return 1 + -(-(2 * self.config.depth + 1) // cells)

    def settings(self) -> dict[str, Any]:
        """What `config.json` stores."""
        return self.config.model_dump()


@dataclass(frozen=True, eq=False)
class Large:
    """An autoencoder whose drawings a fine decoder goes over; it draws streams and tiles alike."""

    autoencoder: Autoencoder
    fine: FineDecoder

    @property
    def space(self) -> int:
        """Pixels along the side of a latent position."""
        return self.autoencoder.space * self.fine.config.times

    @property
    def reach(self) -> int:
        """Latent positions on each side that can influence a decoded one."""
        return self.autoencoder.reach + self.fine.reach

    def decode(self, latents: Tensor, memory: TimeMemory | None = None) -> Tensor:
        """`[b f c h' w'] -> [b t 3 h w]`, not clamped."""
        fresh = memory is None or not memory.slots
        pixels: Tensor = self.fine(latents, self.autoencoder.draw(latents, memory), memory)
        return pixels[:, self.autoencoder.stride.time - 1 :] if fresh else pixels


def enlarge(pixels: Tensor, times: int) -> Tensor:
    """`[n 3 h w] -> [n 3 times*h times*w]`, in straight lines between pixels."""
    return F.interpolate(pixels, scale_factor=float(times), mode="bilinear", align_corners=False)
