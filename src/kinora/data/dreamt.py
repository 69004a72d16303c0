"""Clips as a film model dreams them. In: latents of real clips, a model. Out: the same clips, dreamt back.

Noised in part and dreamt from there, a clip shows what it showed, in the model's own hand: what is
true of it is still known.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kinora.core.progress import OnProgress, Progress, silent
from kinora.core.seed import derive
from kinora.core.shape import LatentShape
from kinora.data.shards import Arrays, Shard, shards, write_shard
from kinora.denoise.canvas import blank
from kinora.denoise.loop import denoise
from kinora.models.bundle import Bundle

SENTENCE = 1
"""Which of a row's captions the model hears."""


def dream_bucket(
    latents: Path,
    dreamt: Path,
    model: Bundle,
    *,
    levels: tuple[float, ...],
    limit: int,
    seed: int = 0,
    on_progress: OnProgress = silent,
) -> Path:
    """Dream back what is still missing of the first `limit` clips.

    Args:
        latents: folder of latent shards, of clips of one camera without portraits.
        dreamt: folder for shards of `latents` and the `level` each clip was noised to.
        model: the film model whose latents these are.
        levels: taken in turn.
        seed: of the noise.
        on_progress: told after every shard; may raise to stop.
    """
    parts, found = list[Shard](), 0
    for part in shards(latents):
        if found < limit:
            parts.append(part)
            found += len(part)
    for number, part in enumerate(parts):
        if not (dreamt / part.file.name).exists():
            first = int(part.file.stem) * len(part)
            level = [levels[(first + i) % len(levels)] for i in range(len(part))]
            clips = torch.from_numpy(np.asarray(part.read("latents"))).float()
            made = [
                dream(
                    model,
                    clip,
                    row["captions"][SENTENCE],
                    noised,
                    derive(seed, "dreamt", first + i),
                )
                for i, (clip, row, noised) in enumerate(zip(clips, part.rows, level, strict=True))
            ]
            arrays: Arrays = {
                "latents": torch.stack(made).half().numpy(),
                "level": np.array(level, np.float32),
            }
            write_shard(dreamt, int(part.file.stem), arrays, part.rows)
        on_progress(Progress("dream", number + 1, len(parts)))
    return dreamt


def dream(model: Bundle, latents: Tensor, prompt: str, level: float, seed: int) -> Tensor:
    """`[f c h w]` noised to `level` and dreamt back, as the model likes to."""
    likes = model.capabilities
    frames, channels, height, width = latents.shape
    step = model.stride.time / likes.fps
    canvas = blank(LatentShape(frames, height, width), channels=channels, step=step)
    canvas = canvas.with_(latents=latents, level=torch.full((frames,), level))
    field = model.velocity(canvas, model.read([prompt]), guidance=likes.guidance)
    schedule = model.schedule(canvas, steps=likes.steps[1], shift=None)
    done = denoise(canvas, field, noise=canvas.noise(seed), schedule=schedule, hold=likes.hold)
    return done.latents.cpu()
