"""What the judge's closer look learns from. In: clips of the world. Out: shards of close-ups with their answers.

A shard holds `crops` `[n s s 3]`, cut `WIDE`, and `answers` `[n questions]` in the order of `OF_A_THING`;
-1 where a thing has none.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinora.caption.answers import OF_A_THING
from kinora.caption.closer import SIDE, close_ups
from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.data.shards import write_shard
from kinora.data.sightings import sight
from kinora.world import Mix, WorldClip, render_clip

WIDE = 2.0
"""Margin of a close-up on disk: room to wander in."""
STORED = 3 * SIDE // 2
LEAST = 32
AREA = 0.002
"""Share of the picture from which on a thing is looked at."""

FINISH = list(OF_A_THING).index("finish")
Answers = NDArray[np.int32]
Dream = Callable[[int, WorldClip], Frames]
"""A seed and its clip to frames that show the same, as a film model would."""


def render_close_ups(
    folder: Path,
    *,
    first: int,
    count: int,
    mix: Mix,
    frames: int = 1,
    every: int = 6,
    dream: Dream | None = None,
    per_shard: int = 100,
    on_progress: OnProgress = silent,
) -> None:
    """Render the seeds `first` to `first + count` into shards; whole shards are kept.

    Args:
        frames: of each clip; one is a still.
        every: one frame in so many is looked at.
        dream: what becomes of a clip's frames before they are looked at; none leaves a glint, so no finish is
            asked for.
    """
    for number, start in enumerate(range(0, count, per_shard)):
        if (folder / f"{number:05d}.safetensors").exists():
            continue
        parts = []
        for seed in range(first + start, first + min(count, start + per_shard)):
            at = range(seed % min(every, frames), frames, every)
            clip = render_clip(seed, mix=mix, frames=frames)
            if dream is not None:
                clip = replace(clip, frames=dream(seed, clip))
            crops, answers = seen_closer(clip, at)
            if dream is not None:
                answers[:, FINISH] = -1
            parts.append((crops, answers))
        whole = [np.concatenate(each) for each in zip(*parts, strict=True)]
        arrays = dict(zip(("crops", "answers"), whole, strict=True))
        write_shard(folder, number, arrays, [{}] * len(whole[0]))
        on_progress(Progress("world", min(count, start + per_shard), count))


def seen_closer(clip: WorldClip, at: Sequence[int]) -> tuple[Frames, Answers]:
    """Every thing that can be seen in the given frames of a clip."""
    rows = sight(clip, at).things
    moment, number = np.nonzero((rows[..., 0] >= 0) & (rows[..., -5] >= AREA))
    chosen = rows[moment, number]
    close = close_ups(
        clip.frames,
        [at[int(t)] for t in moment],
        chosen[:, -4:],
        side=STORED,
        margin=WIDE,
        least=LEAST,
    )
    crops = close.add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()
    answers = chosen[:, : len(OF_A_THING)].astype(np.int32)
    finishes = OF_A_THING["finish"]
    said = [finishes.index(clip.scene.things[n].finish) for n in number]
    answers[:, FINISH] = np.array(said, np.int32)
    return crops, answers
