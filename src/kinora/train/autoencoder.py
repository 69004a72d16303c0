"""Learning to compress. In: rendered clips. Out: an encoder whose latents a generator can predict.

Three things beside the picture itself: moving pixels weigh more (they are few and smear first); a
latent that is averaged down must decode to the picture averaged down (EQ-VAE, arXiv:2502.09509); and
a light head must read from every position what stands there (VA-VAE, arXiv:2501.01423, with the
simulator's truth for features).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.core.config import Config
from kinora.core.seed import derive, torch_generator
from kinora.data.pool import Pool
from kinora.evaluate.fidelity import moving
from kinora.train.crops import UNKNOWN, Footage

KINDS, COLOURS = 12, 16
"""Classes of the aligning head: room for every kind and colour of the world, 0 for nothing."""


class AutoencoderTaskConfig(Config):
    """What is learnt, and what counts how much.

    Args:
        network: sizes.
        batch: clips per step.
        latents: latent frames of a training clip.
        crop: side of the square crop, a multiple of 32.
        motion: extra weight of moving pixels.
        chase: share of the crops that are placed over something that moves.
        squared: weight of the squared beside the absolute error.
        edges: weight of the error of horizontal and vertical differences.
        small: weight of the averaged-down latent decoding to the averaged-down picture.
        align: weight of the aligning head.
        noise: standard deviation of the noise that the decoder must bear.
        bound: weight of the mean squared latent, which keeps the scale from growing.
    """

    network: AutoencoderConfig = AutoencoderConfig()
    batch: int = 6
    latents: int = 3
    crop: int = 128
    motion: float = 12.0
    chase: float = 0.0
    squared: float = 5.0
    edges: float = 0.5
    small: float = 0.25
    align: float = 0.03
    noise: float = 0.03
    bound: float = 0.003


@dataclass(frozen=True, eq=False)
class PixelBatch:
    """`pixels` `[b t 3 h w]` in -1..1, `labels` `[b f h' w' 2]` kind and colour per latent position."""

    pixels: Tensor
    labels: Tensor


class AutoencoderTask:
    """See the module."""

    def __init__(self, config: AutoencoderTaskConfig, pools: list[Pool], *, seed: int) -> None:
        self.config, self.pools, self.seed = config, pools, seed
        torch.manual_seed(derive(seed, "autoencoder", "weights"))
        self.autoencoder = Autoencoder(config.network)
        self.head = nn.Sequential(
            nn.Conv2d(config.network.channels, 64, 1), nn.SiLU(), nn.Conv2d(64, KINDS + COLOURS, 1)
        )
        looked = {id(pool): Footage.of(pool, Autoencoder.stride) for pool in pools}
        self.footage = [looked[id(pool)] for pool in pools]
        self.networks = nn.ModuleDict({"autoencoder": self.autoencoder, "head": self.head})

    def start(self, clips: int = 96) -> None:
        """Set the linear path from random clips of the first pool."""
        generator = torch_generator(self.seed, "components")
        pool = self.pools[0]
        picks = torch.randperm(len(pool), generator=generator)[:clips]
        k = self.autoencoder.stride.time
        frames = pool.tensors["frames"][picks]
        at = torch.randint(1, frames.shape[1] - k, (len(picks), 2), generator=generator)
        parts = [frames[i, a : a + k] for i, pair in enumerate(at.tolist()) for a in pair]
        patches = rearrange(torch.stack(parts), "n k h w c -> n (k c) h w").float() / 127.5 - 1
        with torch.no_grad():
            self.autoencoder.start_from(patches)

    def batch(self, step: int) -> PixelBatch:
        """Random crops of one pool."""
        g = torch_generator(self.seed, "batch", step)
        pool = self.footage[int(torch.randint(len(self.footage), (), generator=g))]
        latents = min(self.config.latents, pool.busy.shape[1])
        crops = pool.crops(
            self.config.batch * (self.config.latents // latents),
            latents=latents,
            side=self.config.crop,
            chase=self.config.chase,
            g=g,
        )
        x = rearrange(crops.frames, "b t h w c -> b t c h w")
        return PixelBatch(x.float() / 127.5 - 1, crops.labels)

    def loss(self, batch: PixelBatch, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Weighted picture error, plus what keeps the latents easy to predict."""
        config, x = self.config, batch.pixels
        g = torch_generator(self.seed, "noise", step, device=x.device)
        z = self.autoencoder.encode(x)
        noise = torch.randn(z.shape, generator=g, device=z.device)
        y = self.autoencoder.decode(z + config.noise * noise)
        picture = picture_loss(y, x, config)
        align = self.align(z, batch.labels)
        small = self.small(z, x) if step % 3 == 0 else picture.new_zeros(())
        bound = z.square().mean()
        loss = picture + config.align * align + config.small * 3 * small + config.bound * bound
        mse = (y - x).square().mean()
        return loss, {"mse": mse, "align": align, "small": small, "power": bound}

    def align(self, z: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of reading kind and colour from each latent position."""
        said = self.head(z.flatten(0, 1))
        kinds, colours = said.split([KINDS, COLOURS], dim=1)
        truth = labels.flatten(0, 1)
        if (truth == UNKNOWN).all():
            return z.new_zeros(())
        loss: Tensor = F.cross_entropy(kinds, truth[..., 0])
        return loss + F.cross_entropy(colours, truth[..., 1])

    def small(self, z: Tensor, x: Tensor) -> Tensor:
        """Error of the averaged-down latent against the averaged-down picture."""
        half = halved(z)
        error: Tensor = self.autoencoder.decode(half) - halved(x)
        return error.abs().mean()


def halved(x: Tensor) -> Tensor:
    """`[b t c h w] -> [b t c h/2 w/2]`, averaged."""
    return rearrange(F.avg_pool2d(x.flatten(0, 1), 2), "(b t) c h w -> b t c h w", b=len(x))


def picture_loss(y: Tensor, x: Tensor, config: AutoencoderTaskConfig) -> Tensor:
    """Absolute, squared and edge error of `[b t 3 h w]`, moving pixels weighted up."""
    moved = rearrange(moving(x).float(), "b t c h w -> (b t) c h w")
    mask = rearrange(F.max_pool2d(moved, 5, 1, 2), "(b t) c h w -> b t c h w", b=len(x))
    weight = 1 + config.motion * mask
    weight = weight / weight.mean()
    error = y - x
    plain = (weight * (error.abs() + config.squared * error.square())).mean()
    across = (error[..., 1:] - error[..., :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return plain + config.edges * (across + down)


def finish(autoencoder: Autoencoder, pixels: Tensor) -> None:
    """Set `scale` so that latents of `pixels` `[b t 3 h w]` have a root mean square of one."""
    with torch.no_grad():
        autoencoder.scale.fill_(1.0)
        autoencoder.scale.copy_(autoencoder.encode(pixels).square().mean().sqrt())
