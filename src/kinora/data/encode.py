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
            size = max(1, batch // labels.shape[1])
            encoded = []
            for start in range(0, len(frames), size):
                x = torch.stack([to_pixels(f) for f in frames[start : start + size]]).to(device)
                encoded.append(autoencoder.encode(x).half().cpu().numpy())
            arrays = {"latents": np.concatenate(encoded), "labels": labels}
            write_shard(latents, int(part.file.stem), arrays, part.rows)
        on_progress(Progress("encode", number + 1, len(parts)))
    return latents
