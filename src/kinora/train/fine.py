"""Learning to draw larger. In: the world at two sizes, a trained autoencoder. Out: a fine decoder.

The small crop goes through the autoencoder, which stays as it is; the large one is what is to be drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from kinora.autoencoder.fine import FineConfig, FineDecoder
from kinora.autoencoder.model import Autoencoder
from kinora.core.config import Config
from kinora.core.seed import derive, torch_generator
from kinora.data.pool import Pool


class FineTaskConfig(Config):
    """What is learnt, and what counts how much.

    Args:
        network: sizes; channels and stride are filled in from the autoencoder.
        batch: clips per step.
        squared: weight of the squared beside the absolute error. Most pixels of an enlarged picture are
            right as they are, so the absolute error alone has its least where nothing is added.
        edges: weight of the error of horizontal and vertical differences.
        noise: standard deviation of the noise on latents that it must bear.
    """

    network: FineConfig
    batch: int = 4
    squared: float = 20.0
    edges: float = 2.0
    noise: float = 0.05


@dataclass(frozen=True, eq=False)
class FineBatch:
    """`small` `[b t 3 h w]` and `large` `[b t 3 times*h times*w]`, -1..1."""

    small: Tensor
    large: Tensor


class FineTask:
    """See the module.

    Args:
        config: what is learnt.
        pool: `small` and `large` of every example.
        autoencoder: makes the latents and the plain drawing.
        seed: of everything random.
    """

    def __init__(
        self, config: FineTaskConfig, pool: Pool, autoencoder: Autoencoder, *, seed: int
    ) -> None:
        self.config, self.pool, self.seed = config, pool, seed
        self.autoencoder = autoencoder
        torch.manual_seed(derive(seed, "fine", "weights"))
        self.fine = FineDecoder(config.network).to(autoencoder.mean.device)
        self.networks = nn.ModuleDict({"fine": self.fine})

    def batch(self, step: int) -> FineBatch:
        """Random examples."""
        g = torch_generator(self.seed, "batch", step)
        picks = torch.randint(len(self.pool), (self.config.batch,), generator=g)
        return pictures(self.pool, picks)

    def loss(self, batch: FineBatch, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Absolute, squared and edge error of the large picture."""
        config, x = self.config, batch.large
        g = torch_generator(self.seed, "noise", step, device=x.device)
        y = self.drawn(batch.small, noise=config.noise, g=g)
        error = y - x
        across = (error[..., 1:] - error[..., :-1]).abs().mean()
        down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        mse = error.square().mean()
        loss = error.abs().mean() + config.squared * mse + config.edges * (across + down)
        return loss, {"mse": mse, "edges": across + down}

    def drawn(self, small: Tensor, *, noise: float, g: torch.Generator) -> Tensor:
        """`[b t 3 h w]`, compressed and drawn large."""
        with torch.no_grad():
            z = self.autoencoder.encode(small)
            z = z + noise * torch.randn(z.shape, generator=g, device=z.device)
            plain = self.autoencoder.draw(z)
        large: Tensor = self.fine(z, plain)
        return large[:, self.autoencoder.stride.time - 1 :]


def pictures(pool: Pool, picks: Tensor) -> FineBatch:
    """These examples of a pool, ready to learn from."""
    small, large = (
        rearrange(pool.tensors[name][picks], "b t h w c -> b t c h w").float() / 127.5 - 1
        for name in ("small", "large")
    )
    return FineBatch(small, large)


def fitting(network: FineConfig, autoencoder: Autoencoder) -> FineConfig:
    """The sizes with what the autoencoder decides filled in."""
    stride = autoencoder.stride
    update = {
        "channels": autoencoder.config.channels, "time": stride.time, "space": stride.space,
    }  # fmt: skip
    return network.model_copy(update=update)
