"""A data set on disk. In: how many clips of which kind. Out: a folder of frames and JSON.

`00007.npz` holds `frames` `[t h w 3]` and `ids` `[t h w]`; `00007.json` the scene, its truth and its
captions. A clip is there as a whole or not at all; a second run goes on where the first stopped.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from kinora.core.progress import OnProgress, Progress, silent
from kinora.world.clip import WorldClip, render_clip
from kinora.world.mix import Mix


@dataclass(frozen=True)
class Order:
    """Clips to draw: `count` of them, with seeds in a row from `seed`."""

    count: int
    seed: int
    frames: int
    width: int
    height: int
    fps: float
    mix: Mix

    def draw(self, index: int) -> WorldClip:
        """The clip number `index`."""
        return render_clip(
            self.seed + index,
            mix=self.mix,
            frames=self.frames,
            width=self.width,
            height=self.height,
            fps=self.fps,
        )


def write_clip(order: Order, index: int, folder: Path) -> None:
    """Draw one clip into the folder."""
    clip = order.draw(index)
    facts = {
        "seed": clip.scene.seed,
        "captions": asdict(clip.captions),
        "scene": json.loads(clip.scene.to_json()),
        "truth": json.loads(clip.truth.to_json()),
    }
    name = folder / f"{index:05d}"
    part = name.with_suffix(".part.npz")
    np.savez_compressed(part, frames=clip.frames, ids=clip.ids)
    name.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
    os.replace(part, name.with_suffix(".npz"))


def write_folder(
    order: Order, folder: Path, *, workers: int = 1, on_progress: OnProgress = silent
) -> int:
    """Draw what the folder still lacks; returns how many clips were drawn.

    Args:
        workers: processes.
        on_progress: told after every clip; may raise to stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [i for i in range(order.count) if not (folder / f"{i:05d}.npz").exists()]
    finished = _alone if workers == 1 else _together(workers)
    done = order.count - len(missing)
    for _ in finished(order, missing, folder):
        done += 1
        on_progress(Progress("render", done, order.count))
    return len(missing)


Finished = Callable[[Order, Sequence[int], Path], Iterator[int]]


def _alone(order: Order, missing: Sequence[int], folder: Path) -> Iterator[int]:
    """Draw one clip after the other."""
    for index in missing:
        write_clip(order, index, folder)
        yield index


def _together(workers: int) -> Finished:
    """Draw several clips at a time; what has not begun is dropped when the listener stops."""

    def finished(order: Order, missing: Sequence[int], folder: Path) -> Iterator[int]:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(write_clip, order, index, folder): index for index in missing}
            try:
                for future in as_completed(futures):
                    future.result()
                    yield futures[future]
            finally:
                pool.shutdown(cancel_futures=True)

    return finished
