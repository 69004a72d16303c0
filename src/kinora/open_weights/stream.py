"""Frames of the causal Wan decoder, one latent frame at a time. In: `[1 c f h w]`. Out: pixels as they come.

In time it is exact: the decoder keeps what it saw. In space a large picture is drawn in tiles whose
seams are blended, because its attention sees the whole picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kinora.autoencoder.stream import to_bytes
from kinora.core.clip import Frames

CHUNK = 16


@dataclass(frozen=True)
class Tiling:
    """Tiles of `side` latent positions that share `overlap` with their neighbours."""

    side: int = 32
    overlap: int = 8

    def starts(self, length: int) -> list[int]:
        """Where tiles begin so that the last one ends at `length`."""
        if length <= self.side:
            return [0]
        hop = self.side - self.overlap
        inner = range(0, length - self.side, hop)
        return [*inner, length - self.side]


@torch.inference_mode()
def stream(vae: Any, z: Tensor) -> Iterator[Tensor]:
    """Decode frame by frame, exactly what the whole decodes to.

    Args:
        vae: an `AutoencoderKLWan`.
        z: `[1 c f h w]`, in the scale of the network.

    Yields:
        `[t 3 h w]` pixels in -1..1: one frame first, then four at a time.
    """
    from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d, unpatchify

    convolutions = sum(isinstance(m, WanCausalConv3d) for m in vae.decoder.modules())
    memory: list[Any] = [None] * convolutions
    for index in range(z.shape[2]):
        x = vae.post_quant_conv(z[:, :, index : index + 1])
        drawn = vae.decoder(x, feat_cache=memory, feat_idx=[0], first_chunk=index == 0)
        if vae.config.patch_size is not None:
            drawn = unpatchify(drawn, patch_size=vae.config.patch_size)
        yield drawn[0].transpose(0, 1).clamp(-1, 1)


def draw(vae: Any, z: Tensor, *, tiling: Tiling | None) -> Iterator[Frames]:
    """Frames `[t h w 3]`, tile by tile where the picture is larger than a tile.

    Args:
        vae: an `AutoencoderKLWan`.
        z: `[1 c f h w]`, in the scale of the network.
        tiling: None draws every picture whole.
    """
    height, width = z.shape[-2:]
    if tiling is None or max(height, width) <= tiling.side:
        yield from (to_bytes(pixels) for pixels in stream(vae, z))
        return
    frames = _tiled(vae, z, tiling)
    for start in range(0, len(frames), CHUNK):
        yield frames[start : start + CHUNK]


def _tiled(vae: Any, z: Tensor, tiling: Tiling) -> Frames:
    """All frames; one tile's decoder memory at a time, pixels kept as bytes."""
    _, _, count, height, width = z.shape
    frames: Frames | None = None
    scale = 0
    for top in tiling.starts(height):
        for left in tiling.starts(width):
            part = z[..., top : top + tiling.side, left : left + tiling.side]
            at = 0
            for pixels in stream(vae, part):
                piece = to_bytes(pixels)
                if frames is None:
                    scale = piece.shape[1] // part.shape[-2]
                    shape = (1 + 4 * (count - 1), height * scale, width * scale, 3)
                    frames = np.zeros(shape, np.uint8)
                ramp = _ramp(piece, top=top, left=left, overlap=tiling.overlap * scale)
                _lay(frames[at : at + len(piece)], piece, ramp, (top * scale, left * scale))
                at += len(piece)
    assert frames is not None
    return frames


def _ramp(piece: Frames, *, top: int, left: int, overlap: int) -> NDArray[np.float32]:
    """`[h w 1]`: how much of the new tile shows; rising over the strips it shares."""
    height, width = piece.shape[1:3]
    rise = (np.arange(max(height, width), dtype=np.float32) + 0.5) / overlap
    rows = np.minimum(rise[:height], 1) if top else np.ones(height, np.float32)
    columns = np.minimum(rise[:width], 1) if left else np.ones(width, np.float32)
    ramp: NDArray[np.float32] = (rows[:, None] * columns[None])[..., None]
    return ramp


def _lay(frames: Frames, piece: Frames, ramp: NDArray[np.float32], corner: tuple[int, int]) -> None:
    rows = slice(corner[0], corner[0] + piece.shape[1])
    columns = slice(corner[1], corner[1] + piece.shape[2])
    under = frames[:, rows, columns]
    mixed = under + ramp * (piece.astype(np.float32) - under)
    frames[:, rows, columns] = np.rint(mixed).astype(np.uint8)
