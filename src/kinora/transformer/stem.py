"""Latents to tokens and tokens to velocities. In and out: latent frames `[(b f) c h w]`.

A dense convolution looks at each frame at full latent resolution before and after the transformer,
so that the tokens can be coarse (patch x patch positions) and edges still sharp.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.nn.convolution import ResidualBlock
from kinora.nn.norm import ChannelNorm


def grid(height: int, width: int, like: Tensor) -> Tensor:
    """`[2 h w]`: row and column in units of half the longer side, zero in the middle."""
    longest = max(height, width)
    rows = (2 * torch.arange(height) + 1 - height) / longest
    columns = (2 * torch.arange(width) + 1 - width) / longest
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij")).to(like)


class Stem(nn.Module):
    """Latents, level and position -> features and tokens."""

    def __init__(self, channels: int, inner: int, width: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.embed = nn.Conv2d(channels + 3, inner, 3, padding=1)
        self.block = ResidualBlock(inner, temporal=False)
        self.merge = nn.Linear(patch * patch * inner, width)

    def forward(self, x: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """`[n c h w]` and `[n h w]` -> features `[n s h w]` and tokens `[n (h' w') d]`."""
        where = grid(x.shape[-2], x.shape[-1], x).expand(x.shape[0], -1, -1, -1)
        x = self.block(self.embed(torch.cat([x, level[:, None], where], dim=1)))
        tokens = rearrange(x, "n s (h p) (w q) -> n (h w) (s p q)", p=self.patch, q=self.patch)
        return x, self.merge(tokens)


class Head(nn.Module):
    """Tokens and the stem's features -> velocities."""

    def __init__(self, channels: int, inner: int, width: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.split = nn.Linear(width, patch * patch * inner)
        self.fuse = nn.Conv2d(2 * inner, inner, 1)
        self.block = ResidualBlock(inner, temporal=False)
        self.norm = ChannelNorm(inner)
        self.out = nn.Conv2d(inner, channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]  # a bias is there: bias=True

    def forward(self, tokens: Tensor, features: Tensor) -> Tensor:
        """`[n (h' w') d]` and `[n s h w]` -> `[n c h w]`."""
        y = rearrange(
            self.split(tokens),
            "n (h w) (s p q) -> n s (h p) (w q)",
            h=features.shape[-2] // self.patch,
            p=self.patch,
            q=self.patch,
        )
        y = self.block(self.fuse(torch.cat([y, features], dim=1)))
        out: Tensor = self.out(F.silu(self.norm(y)))
        return out
