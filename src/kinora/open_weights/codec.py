"""A published video compression network. In: frames, latents. Out: latents in the model's scale, frames.

f latent frames, c channels, h w positions; latents here are what the transformer sees.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from kinora.autoencoder.stream import to_bytes, to_pixels
from kinora.core.clip import Clip, Frames
from kinora.open_weights.stream import CHUNK, Tiling, draw

Decoder = Callable[[Any, Tensor], Iterator[Frames]]


@dataclass(frozen=True, eq=False)
class Codec:
    """A network and its scale: the transformer sees (z - mean) / std.

    Args:
        vae: the network.
        mean, std: `[c]` or `[1]`.
        decoder: `(vae, z [1 c f h w]) -> frames`.
    """

    vae: Any
    mean: Tensor
    std: Tensor
    decoder: Decoder

    @torch.inference_mode()
    def encode(self, clip: Clip) -> Tensor:
        """A clip -> `[f c h w]`."""
        return self.encode_pixels(to_pixels(clip.frames))

    @torch.inference_mode()
    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """`[t 3 h w]` in -1..1 -> `[f c h w]`: the mode, never a sample."""
        video = pixels.transpose(0, 1)[None].to(self.vae.device, self.vae.dtype)
        z = self.vae.encode(video).latent_dist.mode()[0].transpose(0, 1).float()
        return ((z - self._wide(self.mean)) / self._wide(self.std)).cpu()

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Iterator[Frames]:
        """`[f c h w]` -> frames `[t h w 3]`, chunk by chunk."""
        x = latents.to(self.vae.device).float()
        z = x * self._wide(self.std) + self._wide(self.mean)
        yield from self.decoder(self.vae, z.transpose(0, 1)[None].to(self.vae.dtype))

    def _wide(self, channel: Tensor) -> Tensor:
        return channel.to(self.vae.device).float()[None, :, None, None]


@dataclass(frozen=True)
class Causal:
    """The Wan decoder, frame by frame, in tiles where the picture is large."""

    tiling: Tiling | None = field(default_factory=Tiling)

    def __call__(self, vae: Any, z: Tensor) -> Iterator[Frames]:
        """Frames as they are drawn."""
        return draw(vae, z, tiling=self.tiling)


def library(vae: Any, z: Tensor, **arguments: Any) -> Iterator[Frames]:
    """The library's own decoding, in its own tiles and chunks of frames."""
    vae.enable_tiling()
    if hasattr(vae, "use_framewise_decoding"):
        vae.use_framewise_decoding = True
    pixels = vae.decode(z, **arguments).sample[0].transpose(0, 1).float()
    for start in range(0, len(pixels), CHUNK):
        yield to_bytes(pixels[start : start + CHUNK])
