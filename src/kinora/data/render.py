"""The world as training data. In: how many clips of which kind. Out: pixel shards with truth beside them.

Each clip comes from a seed of its own, so a data set is a formula: any part can be drawn again anywhere.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.core.seed import derive
from kinora.core.shape import Stride
from kinora.core.view import VIEWS
from kinora.data.shards import write_shard

if TYPE_CHECKING:
    from kinora.world.clip import WorldClip
    from kinora.world.scene import Scene

Labels = NDArray[np.uint8]


class Bucket(BaseModel):
    """Clips of one shape.

    Args:
        name: folder name.
        count: clips in all.
        frames, width, height: size of each.
        seed: where its seeds start.
        per_shard: clips in a file.
        cameras: other views (`core.view.VIEWS`) to show the same moments from; every clip has one
            of them, in turn, its frames behind those of the film's own camera.
        portrait: begin every clip with one frame that shows who plays in it, alone and elsewhere; half
            of the captions then do not describe it.
        mix: keyword arguments of `world.Mix`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    count: int
    frames: int = 33
    width: int = 256
    height: int = 160
    seed: int = 1
    per_shard: int = 64
    cameras: tuple[str, ...] = ()
    portrait: bool = False
    mix: Mapping[str, Any] = {}


def block_labels(ids: NDArray[np.uint8], things: NDArray[np.uint8], stride: Stride) -> Labels:
    """What stands at each latent position: `[f h' w' 2]`, kind and colour, 0 where no thing does.

    Args:
        ids: `[t h w]`, 2 and up are things.
        things: `[n 2]`, kind and colour number of each thing, from 1.
        stride: pixels to latents.
    """
    last = ids[:: stride.time]
    f, h, w = last.shape
    s = stride.space
    blocks = last.reshape(f, h // s, s, w // s, s)[:, :, ::2, :, ::2]
    blocks = blocks.transpose(0, 1, 3, 2, 4).reshape(f, h // s, w // s, -1)
    cover = np.stack([(blocks == 2 + i).mean(-1) for i in range(len(things))])
    best = cover.argmax(0)
    there = cover.max(0) > 0.3
    labels: Labels = np.where(there[..., None], things[best], 0).astype(np.uint8)
    return labels


def render_shard(bucket: Bucket, folder: Path, number: int) -> Path:
    """Draw one shard of a bucket into `folder`."""
    first = number * bucket.per_shard
    frames, labels, rows = [], [], []
    for index in range(first, min(first + bucket.per_shard, bucket.count)):
        pixels, stands, row = _example(bucket, index)
        frames.append(pixels)
        labels.append(stands)
        rows.append(row)
    return write_shard(
        folder, number, {"frames": np.stack(frames), "labels": np.stack(labels)}, rows
    )


def _example(bucket: Bucket, index: int) -> tuple[Frames, Labels, dict[str, Any]]:
    """Frames and labels of one clip, all cameras one after the other, and what is said of it."""
    from kinora.world.clip import render_clip
    from kinora.world.mix import Mix

    seed = derive(bucket.seed, bucket.name, index)
    other = bucket.cameras[index % len(bucket.cameras)] if bucket.cameras else None
    clips = [
        render_clip(
            seed, mix=Mix(**dict(bucket.mix)), frames=bucket.frames,
            width=bucket.width, height=bucket.height, view=view,
        )
        for view in ((None,) if other is None else ("front", other))
    ]  # fmt: skip
    things = numbered(clips[0].scene)
    labels = [block_labels(clip.ids, things, Stride()) for clip in clips]
    captions = clips[0].captions
    row: dict[str, Any] = {
        "seed": seed,
        "captions": [captions.tags, captions.sentence, captions.paragraph],
    }
    if other is not None:
        row["cameras"] = [0, VIEWS.index(other)]
    if bucket.portrait:
        return _with_portrait(clips[0], labels[0], row, plain=index % 2 == 0)
    return np.concatenate([clip.frames for clip in clips]), np.concatenate(labels), row


def _with_portrait(
    clip: "WorldClip", labels: Labels, row: dict[str, Any], *, plain: bool
) -> tuple[Frames, Labels, dict[str, Any]]:
    """A clip with the portrait in front of it."""
    from kinora.world.caption import caption
    from kinora.world.portrait import portrait, sitter

    _, height, width, _ = clip.frames.shape
    alone = portrait(clip.scene, width=width, height=height)
    told = caption(clip.scene, clip.truth, plain=sitter(clip.scene) if plain else None)
    row |= {"portrait": True, "captions": [told.tags, told.sentence, told.paragraph]}
    stands = block_labels(alone.ids, numbered(alone.scene), Stride())
    return np.concatenate([alone.frames, clip.frames]), np.concatenate([stands, labels]), row


def numbered(scene: "Scene") -> NDArray[np.uint8]:
    """Kind and colour numbers `[n 2]` of a scene's things, from 1."""
    from kinora.world.vocabulary import KINDS, PALETTE

    colours = tuple(PALETTE)
    return np.array(
        [(KINDS.index(t.kind) + 1, colours.index(t.colour) + 1) for t in scene.things], np.uint8
    )


def render_bucket(
    bucket: Bucket, root: Path, *, workers: int = 1, on_progress: OnProgress = silent
) -> Path:
    """Draw what is still missing of a bucket; finished shards are kept.

    Args:
        bucket: what to draw.
        root: the bucket's shards go to `root / bucket.name`.
        workers: processes.
        on_progress: told after every shard; may raise to stop.
    """
    folder = root / bucket.name
    total = -(-bucket.count // bucket.per_shard)
    make = partial(render_shard, bucket, folder)
    draw_shards(make, folder, total=total, workers=workers, on_progress=on_progress)
    return folder


def draw_shards(
    make: Callable[[int], Path],
    folder: Path,
    *,
    total: int,
    workers: int,
    on_progress: OnProgress = silent,
) -> None:
    """Have `make` write every shard of `total` that the folder lacks, in processes of their own."""
    missing = [n for n in range(total) if not (folder / f"{n:05d}.safetensors").exists()]
    done = total - len(missing)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(make, number) for number in missing]
        try:
            for future in as_completed(futures):
                future.result()
                done += 1
                on_progress(Progress("render", done, total))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
