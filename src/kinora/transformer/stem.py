"""Latents to tokens and tokens to velocities. In and out: latent frames `[(b f) c h w]`.

A dense convolution looks at each frame at full latent resolution before and after the transformer,
so that the tokens can be coarse (patch x patch positions) and edges still sharp.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
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


def finer(learned: Mapping[str, Tensor], stem: Stem) -> dict[str, Tensor]:
    """Weights of a transformer, or what was learnt of them in thin matrices, for the tokens of this stem.

    Finer tokens begin as parts of the old ones: each is read as if the whole token looked like it, and says the mean of
    what the whole one says of its parts (as one may resize patches: FlexiViT, arXiv:2212.08013). What already fits is
    left as it is.
    """
    read, said = "d (s p) -> d s", "(s p) d -> s d"
    changes = {
        "stem.merge.weight": (read, "sum"), "stem.merge.weight.down": (read, "sum"),
        "head.split.weight": (said, "mean"), "head.split.weight.up": (said, "mean"),
        "head.split.bias": ("(s p) -> s", "mean"),
    }  # fmt: skip
    told = dict(learned)
    merges = [told[name].shape[1] for name in changes if "merge" in name and name in told]
    parts = max(merges, default=0) // stem.merge.in_features or 1
    for name, (pattern, how) in changes.items():
        if name in told:
            told[name] = reduce(told[name], pattern, how, p=parts)
    return told
