"""Pixel shards to latent shards. In: a bucket and an autoencoder. Out: float16 latents, labels, words."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kinora.autoencoder.model import Autoencoder
from kinora.autoencoder.stream import to_pixels
from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.data.shards import shards, write_shard


@torch.inference_mode()
def encode_bucket(
    pixels: Path,
    latents: Path,
    autoencoder: Autoencoder,
    *,
    batch: int = 16,
    on_progress: OnProgress = silent,
) -> Path:
    """Encode what is still missing; the rows and labels travel along.

    Args:
        pixels: folder of pixel shards.
        latents: folder for latent shards.
        autoencoder: the trained network.
        batch: latent frames encoded at once.
        on_progress: told after every shard; may raise to stop.
    """
    parts = shards(pixels)
    for number, part in enumerate(parts):
        if not (latents / part.file.name).exists():
            frames = part.read("frames")
            labels = part.read("labels")
            row = part.rows[0]
            before = int(row.get("portrait", False))
            cameras = len(row.get("cameras", [0]))
            # Each camera's frames are a clip of their own, and so is a portrait: it has a first frame.
            alone = frames[:, before:]
            alone = alone.reshape(-1, alone.shape[1] // cameras, *alone.shape[2:])
            encoded = _encoded(alone, autoencoder, batch=batch)
            encoded = encoded.reshape(len(frames), -1, *encoded.shape[2:])
            if before:
                portraits = _encoded(frames[:, :before], autoencoder, batch=batch)
                encoded = np.concatenate([portraits, encoded], axis=1)
            assert encoded.shape[:2] == labels.shape[:2], (encoded.shape, labels.shape)
            arrays = {"latents": encoded, "labels": labels}
            write_shard(latents, int(part.file.stem), arrays, part.rows)
        on_progress(Progress("encode", number + 1, len(parts)))
    return latents


def _encoded(clips: Frames, autoencoder: Autoencoder, *, batch: int) -> NDArray[np.float16]:
    """`[n t h w 3] -> [n f c h' w']`, `batch` latent frames at once."""
    frames = autoencoder.stride.latent_frames(clips.shape[1])
    size = max(1, batch // frames)
    encoded = []
    for start in range(0, len(clips), size):
        x = torch.stack([to_pixels(clip) for clip in clips[start : start + size]])
        latents = autoencoder.encode(x.to(autoencoder.mean.device))
        encoded.append(latents.half().cpu().numpy())
    return np.concatenate(encoded)
