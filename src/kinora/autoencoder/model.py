"""Pixels to latents and back, causal in time. In: `[b t 3 h w]` in -1..1. Out: `[b f c h' w']`.

b batch, t video frames, f latent frames, c latent channels, h' = h/16, w' = w/16, k = 4 frames a latent.
A linear path (principal components of 4x16x16 patches) carries the bulk from the first minute on;
the convolutions learn what it lacks. The first frame is repeated k times, so every latent frame is
of one kind and the first frame alone encodes as the first latent of its clip.
"""

from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from kinora.core.shape import Stride
from kinora.nn.convolution import ResidualBlock, TimeMemory


class AutoencoderConfig(BaseModel):
    """Sizes of the video compression network.

    Args:
        channels: latent channels.
        fine: width at 1/8 of the side.
        coarse: width at 1/16 of the side.
        refine: width at 1/4 of the side, frame by frame.
        depth: residual blocks at each of these levels.
        framewise: the level at 1/4 is in the encoder too, each frame sees the one before, and the
            decoder's sees what the linear path drew. Without it the encoder begins with a
            narrow linear map, which cannot tell where a thing stood in each of four frames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: int = 48
    fine: int = 64
    coarse: int = 192
    refine: int = 32
    depth: int = 2
    framewise: bool = False


class Frames(nn.Module):
    """The encoder's look at single frames: `[(b f) (k 3) h w] -> [(b f) c h/8 w/8]`."""

    def __init__(self, config: AutoencoderConfig, stride: Stride) -> None:
        super().__init__()
        self.time = stride.time
        self.embed = nn.Conv2d(3 * 16, config.refine, 1)
        self.refine = nn.ModuleList(ResidualBlock(config.refine) for _ in range(config.depth))
        self.down = nn.Conv2d(stride.time * 4 * config.refine, config.fine, 1)

    def forward(self, patches: Tensor, steps: int, memory: TimeMemory | None) -> Tensor:
        """See the class."""
        x = rearrange(patches, "n (k c) h w -> (n k) c h w", k=self.time)
        x = self.embed(F.pixel_unshuffle(x, 4))
        for block in self.refine:
            x = block(x, steps * self.time, memory)
        x = F.pixel_unshuffle(x, 2)
        y: Tensor = self.down(rearrange(x, "(n k) c h w -> n (k c) h w", k=self.time))
        return y


class Encoder(nn.Module):
    """`[b t 3 h w] -> [b f c h' w']`."""

    def __init__(self, config: AutoencoderConfig, stride: Stride) -> None:
        super().__init__()
        self.stride = stride
        self.frames = Frames(config, stride) if config.framewise else None
        self.embed = nn.Conv2d(3 * stride.time * 64, config.fine, 1)
        self.fine = nn.ModuleList(ResidualBlock(config.fine) for _ in range(config.depth))
        self.down = nn.Conv2d(4 * config.fine, config.coarse, 1)
        self.coarse = nn.ModuleList(ResidualBlock(config.coarse) for _ in range(config.depth))
        self.head = nn.Conv2d(config.coarse, config.channels, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a bias is there: bias=True

    def forward(self, patches: Tensor, steps: int, memory: TimeMemory | None) -> Tensor:
        """`[(b f) (3 k) h w] -> [(b f) c h' w']`."""
        x = self.embed(F.pixel_unshuffle(patches, 8))
        if self.frames is not None:
            x = x + self.frames(patches, steps, memory)
        for block in self.fine:
            x = block(x, steps, memory)
        x = self.down(F.pixel_unshuffle(x, 2))
        for block in self.coarse:
            x = block(x, steps, memory)
        head: Tensor = self.head(x)
        return head


class Decoder(nn.Module):
    """`[b f c h' w'] -> [b (f k) 3 h w]`."""

    def __init__(self, config: AutoencoderConfig, stride: Stride) -> None:
        super().__init__()
        self.stride = stride
        self.embed = nn.Conv2d(config.channels, config.coarse, 3, padding=1)
        self.coarse = nn.ModuleList(ResidualBlock(config.coarse) for _ in range(config.depth))
        self.up = nn.Conv2d(config.coarse, 4 * config.fine, 1)
        self.fine = nn.ModuleList(ResidualBlock(config.fine) for _ in range(config.depth))
        self.frames = nn.Conv2d(config.fine, stride.time * 4 * config.refine, 1)
        self.sketch = nn.Conv2d(3 * 16, config.refine, 1) if config.framewise else None
        self.refine = nn.ModuleList(
            ResidualBlock(config.refine, temporal=config.framewise) for _ in range(config.depth)
        )
        self.head = nn.Conv2d(config.refine, 3 * 16, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a bias is there: bias=True

    def forward(
        self, latents: Tensor, linear: Tensor, steps: int, memory: TimeMemory | None
    ) -> Tensor:
        """What `linear` lacks: `[(b f) c h' w']`, `[(b f) (k 3) h w]` -> `[(b f) (k 3) h w]`."""
        x = self.embed(latents)
        for block in self.coarse:
            x = block(x, steps, memory)
        x = F.pixel_shuffle(self.up(x), 2)
        for block in self.fine:
            x = block(x, steps, memory)
        x = F.pixel_shuffle(self.frames(x), 2)
        x = rearrange(x, "n (k c) h w -> (n k) c h w", k=self.stride.time)
        if self.sketch is not None:
            drawn = rearrange(linear, "n (k c) h w -> (n k) c h w", c=3)
            x = x + self.sketch(F.pixel_unshuffle(drawn, 4))
        for block in self.refine:
            x = block(x, steps * self.stride.time, memory)
        x = F.pixel_shuffle(self.head(x), 4)
        return rearrange(x, "(n k) c h w -> n (k c) h w", k=self.stride.time)


class Autoencoder(nn.Module):
    """Encoder, decoder and the linear path beside them.

    Latents leave `encode` with a root mean square of about one (`scale`) and the natural falling
    spectrum of the principal components.
    """

    stride = Stride(time=4, space=16)

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, self.stride)
        self.decoder = Decoder(config, self.stride)
        patch = 3 * self.stride.time * self.stride.space**2
        self.mean: Tensor
        self.basis: Tensor
        self.gain: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(patch))
        self.register_buffer("basis", torch.zeros(config.channels, patch))
        self.register_buffer("gain", torch.ones(config.channels))
        self.register_buffer("scale", torch.ones(()))

    def encode(self, pixels: Tensor, memory: TimeMemory | None = None) -> Tensor:
        """`[b t 3 h w] -> [b f c h' w']`, t = 1 + 4(f-1) for a clip, 4f for later chunks of a stream.

        Args:
            pixels: -1..1.
            memory: keep one for a stream; the first chunk starts it, later chunks go on from it.
        """
        fresh = memory is None or not memory.slots
        if memory is not None:
            memory.rewind()
        if fresh:
            first = repeat(pixels[:, 0], "b c h w -> b k c h w", k=self.stride.time - 1)
            pixels = torch.cat([first, pixels], dim=1)
        frames = pixels.shape[1] // self.stride.time
        x = rearrange(pixels, "b (f k) c h w -> (b f) (k c) h w", k=self.stride.time)
        latents = self.project(x) + self.encoder(x, frames, memory)
        z: Tensor = rearrange(latents / self.scale, "(b f) c h w -> b f c h w", f=frames)
        return z

    def decode(self, latents: Tensor, memory: TimeMemory | None = None) -> Tensor:
        """`[b f c h' w'] -> [b t 3 h w]`, the inverse of `encode`, not clamped."""
        fresh = memory is None or not memory.slots
        pixels = self.draw(latents, memory)
        return pixels[:, self.stride.time - 1 :] if fresh else pixels

    def draw(self, latents: Tensor, memory: TimeMemory | None = None) -> Tensor:
        """As `decode`, with the repeats of a clip's first frame: k pictures for every latent frame."""
        if memory is not None:
            memory.rewind()
        frames = latents.shape[1]
        z = rearrange(latents, "b f c h w -> (b f) c h w") * self.scale
        linear = self.unproject(z)
        x = linear + self.decoder(z, linear, frames, memory)
        pixels: Tensor = rearrange(x, "(b f) (k c) h w -> b (f k) c h w", f=frames, c=3)
        return pixels

    @property
    def space(self) -> int:
        """Pixels along the side of a latent position."""
        return self.stride.space

    @property
    def reach(self) -> int:
        """Latent positions on each side that can influence a decoded one.

        In units of a latent position: the first convolution 1, each coarse block 2, fine 1 and
        refine 1/2.
        """
        depth = self.config.depth
        return 1 + 2 * depth + depth + (depth + 1) // 2 + 1

    def project(self, patches: Tensor) -> Tensor:
        """The linear path in: `[n (k 3) h w] -> [n c h' w']`."""
        x = F.pixel_unshuffle(patches, self.stride.space) - self.mean[:, None, None]
        return F.conv2d(x, (self.basis * self.gain[:, None])[..., None, None])

    def unproject(self, latents: Tensor) -> Tensor:
        """The linear path out: `[n c h' w'] -> [n (k 3) h w]`."""
        back = (self.basis / self.gain[:, None]).T[..., None, None]
        x = F.conv2d(latents, back) + self.mean[:, None, None]
        return F.pixel_shuffle(x, self.stride.space)

    def start_from(self, patches: Tensor, *, motion: float = 4.0) -> None:
        """Set the linear path to the principal components of `patches` `[n (k 3) h w]`.

        Component i gets the standard deviation sqrt(s_i / s_1): between whitened, whose high channels
        drown a generator in noise, and plain, whose high channels it cannot see.

        Args:
            patches: groups of k frames, -1..1.
            motion: extra weight of blocks in which something moves; they are few and hard.
        """
        x = rearrange(F.pixel_unshuffle(patches, self.stride.space), "n p h w -> (n h w) p")
        steps = x.unflatten(1, (self.stride.time, -1)).diff(dim=1).abs() > 0.1  # type: ignore[no-untyped-call]
        weight = 1 + motion * (steps.float().mean((1, 2)) > 0.05)
        self.mean.copy_((x * weight[:, None]).sum(0) / weight.sum())
        centred = (x - self.mean) * weight.sqrt()[:, None]
        _, spread, basis = torch.svd_lowrank(centred, q=self.config.channels + 8, niter=3)
        spread = spread[: self.config.channels] / weight.sum().sqrt()
        self.basis.copy_(basis.T[: self.config.channels])
        self.gain.copy_((spread / spread[0]).sqrt() / spread)

    def settings(self) -> dict[str, Any]:
        """What `config.json` stores."""
        return self.config.model_dump()
