"""A decoder learns to draw what is dreamt. In: dreamt latents, real ones, true frames. Out: a decoder.

A decoder that only ever saw what its encoder wrote draws every error of a film model faithfully. This one
sees dreams of clips whose true frames are known, and real latents so that it forgets nothing; the encoder
stays, so latents, and all that is trained on them, stay as they are.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.autoencoder.model import Autoencoder
from kinora.core.config import Config
from kinora.core.seed import torch_generator
from kinora.data.pool import Pool
from kinora.evaluate.fidelity import moving


class RedrawTaskConfig(Config):
    """What is learnt, and what counts how much.

    Args:
        batch: crops per step.
        latents: latent frames of a crop.
        crop: its side in latent positions.
        real: share of crops whose latents are the encoder's own.
        near: share of crops over a thing.
        things, motion: extra weight of pixels in and around things, and of those that move.
        squared: weight of the squared beside the absolute error.
        edges: weight of the error of horizontal and vertical differences.
    """

    batch: int = 8
    latents: int = 4
    crop: int = 9
    real: float = 0.25
    near: float = 0.85
    things: float = 6.0
    motion: float = 4.0
    squared: float = 2.0
    edges: float = 0.5


@dataclass(frozen=True, eq=False)
class RedrawBatch:
    """`latents` `[b f c h' w']`, the frames `pixels` `[b (f k) 3 h w]` in -1..1, `things` `[b f h' w']` 0 or 1."""

    latents: Tensor
    pixels: Tensor
    things: Tensor


class RedrawTask:
    """See the module.

    Args:
        config: what is learnt.
        pool: of every clip `frames`, its `latents` and `labels`, and `dreamt` latents.
        autoencoder: whose decoder learns; a copy of it does.
        seed: of everything random.
    """

    def __init__(
        self, config: RedrawTaskConfig, pool: Pool, autoencoder: Autoencoder, *, seed: int
    ) -> None:
        self.config, self.pool, self.seed = config, pool, seed
        self.autoencoder = deepcopy(autoencoder).train().requires_grad_(False)
        self.autoencoder.decoder.requires_grad_(True)
        self.networks = nn.ModuleDict({"decoder": self.autoencoder.decoder})

    def batch(self, step: int) -> RedrawBatch:
        """Random crops, most of them over something."""
        g = torch_generator(self.seed, "batch", step)
        crops = [self._crop(g) for _ in range(self.config.batch)]
        return RedrawBatch(*map(torch.stack, zip(*crops, strict=True)))

    def _crop(self, g: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Latents `[f c h' w']`, pixels `[(f k) 3 h w]` and things `[f h' w']` of one crop."""
        config, tensors = self.config, self.pool.tensors

        def below(limit: int) -> int:
            return int(torch.randint(limit, (), generator=g))

        def often(share: float) -> bool:
            return float(torch.rand((), generator=g)) < share

        clip, real = below(len(self.pool)), often(config.real)
        latents = tensors["latents" if real else "dreamt"][clip]
        total, _, rows, columns = latents.shape
        frames, height, width = (
            min(config.latents, total),
            min(config.crop, rows),
            min(config.crop, columns),
        )
        # A film's beginning is drawn as its later frames are not, so half of the crops begin there.
        start = 0 if often(0.5) else below(total - frames + 1)
        things = (tensors["labels"][clip, start : start + frames, ..., 0] > 0).float()
        there = things.nonzero()
        top, left = below(rows), below(columns)
        if len(there) and often(config.near):
            _, top, left = there[below(len(there))].tolist()
            top, left = top - below(height), left - below(width)
        top, left = min(max(0, top), rows - height), min(max(0, left), columns - width)
        where = (slice(top, top + height), slice(left, left + width))
        pixels = self._pixels(clip, start, frames, *where)
        return (
            latents[start : start + frames, :, where[0], where[1]].float(),
            pixels,
            things[:, where[0], where[1]],
        )

    def _pixels(self, clip: int, start: int, frames: int, rows: slice, columns: slice) -> Tensor:
        """`[(f k) 3 h w]`: what these positions show; the first latent frame shows the first frame k times."""
        k, s = self.autoencoder.stride.time, self.autoencoder.stride.space
        last = k * (start + frames - 1)
        times = torch.arange(last - k * frames + 1, last + 1).clamp(min=0)
        shown = self.pool.tensors["frames"][clip][
            times.to(self.pool.tensors["frames"].device),
            s * rows.start : s * rows.stop,
            s * columns.start : s * columns.stop,
        ]
        return rearrange(shown, "t h w c -> t c h w").float() / 127.5 - 1

    def loss(self, batch: RedrawBatch, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Absolute, squared and edge error, things and what moves weighted up."""
        del step
        x = batch.pixels
        error = self.autoencoder.draw(batch.latents) - x
        weight = self.weight(batch)
        plain = (weight * (error.abs() + self.config.squared * error.square())).mean()
        across = (weight[..., 1:] * (error[..., 1:] - error[..., :-1]).abs()).mean()
        down = (weight[..., 1:, :] * (error[..., 1:, :] - error[..., :-1, :]).abs()).mean()
        mse = error.square().mean()
        return plain + self.config.edges * (across + down), {"mse": mse, "edges": across + down}

    def weight(self, batch: RedrawBatch) -> Tensor:
        """`[b (f k) 1 h w]`, one on average."""
        stride, x = self.autoencoder.stride, batch.pixels
        moved = F.max_pool2d(moving(x).float().flatten(0, 1), 5, 1, 2)
        moved = rearrange(moved, "(b t) c h w -> b t c h w", b=len(x))
        around = F.max_pool2d(batch.things, 3, 1, 1)
        around = F.interpolate(around, scale_factor=float(stride.space))
        around = around.repeat_interleave(stride.time, 1)[:, :, None]
        weight: Tensor = 1 + self.config.things * around + self.config.motion * moved
        return weight / weight.mean()
