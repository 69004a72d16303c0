"""Pixel shards to latent shards. In: a bucket and an autoencoder. Out: float16 latents, labels, words."""

from pathlib import Path

import numpy as np
import torch

from kinora.autoencoder.model import Autoencoder
from kinora.autoencoder.stream import to_pixels
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
    device = autoencoder.mean.device
    for number, part in enumerate(parts):
        if not (latents / part.file.name).exists():
            frames = part.read("frames")
            labels = part.read("labels")
            cameras = len(part.rows[0].get("cameras", [0]))
            # Each camera's frames are a clip of their own: it begins with a first frame.
            alone = frames.reshape(-1, frames.shape[1] // cameras, *frames.shape[2:])
            size = max(1, batch * cameras // labels.shape[1])
            encoded = []
            for start in range(0, len(alone), size):
                x = torch.stack([to_pixels(f) for f in alone[start : start + size]]).to(device)
                encoded.append(autoencoder.encode(x).half().cpu().numpy())
            latents_of = np.concatenate(encoded)
            latents_of = latents_of.reshape(*labels.shape[:2], *latents_of.shape[2:])
            arrays = {"latents": latents_of, "labels": labels}
            write_shard(latents, int(part.file.stem), arrays, part.rows)
        on_progress(Progress("encode", number + 1, len(parts)))
    return latents
