"""Pixel shards to latent shards. In: a bucket and an autoencoder. Out: float16 latents, labels, words."""

from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray

from kinora.autoencoder.model import Autoencoder
from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.data.shards import Arrays, Shard, shards, write_shard


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
            arrays = _of_shard(part, autoencoder, batch=batch)
            write_shard(latents, int(part.file.stem), arrays, part.rows)
        on_progress(Progress("encode", number + 1, len(parts)))
    return latents


def _of_shard(part: Shard, autoencoder: Autoencoder, *, batch: int) -> Arrays:
    """`latents` and `labels` of every example."""
    frames, labels, row = part.read("frames"), part.read("labels"), part.rows[0]
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
    return {"latents": encoded, "labels": labels}


def _encoded(clips: Frames, autoencoder: Autoencoder, *, batch: int) -> NDArray[np.float16]:
    """`[n t h w 3] -> [n f c h' w']`, `batch` latent frames at once."""
    frames = autoencoder.stride.latent_frames(clips.shape[1])
    size = max(1, batch // frames)
    encoded = []
    for start in range(0, len(clips), size):
        # As bytes to the device: a quarter of what has to be moved.
        bytes_ = torch.from_numpy(clips[start : start + size]).to(autoencoder.mean.device)
        x = rearrange(bytes_, "n t h w c -> n t c h w").float().div(127.5).sub(1)
        latents = autoencoder.encode(x)
        encoded.append(latents.half().cpu().numpy())
    return np.concatenate(encoded)
