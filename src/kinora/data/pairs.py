"""The world at two sizes. In: how many clips. Out: shards of crops, small and so many times larger.

The same seed at two sizes is the same scene, so the large picture is the truth of what the small one shows.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.core.clip import Frames
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.core.seed import derive, numpy_generator
from kinora.core.shape import Stride
from kinora.data.render import draw_shards
from kinora.data.shards import write_shard


class Pairs(Config):
    """Crops of clips of one shape.

    Args:
        name: folder name.
        count: clips in all; one crop of each.
        times: how much larger the large one is.
        frames: of each clip.
        side: of the small crop in pixels, a multiple of 16.
        width, height: of the small clip.
        seed: where its seeds start.
        per_shard: clips in a file.
        mix: keyword arguments of `world.Mix`.
    """

    name: str
    count: int
    times: int
    frames: int = 9
    side: int = 96
    width: int = 256
    height: int = 160
    seed: int = 7
    per_shard: int = 32
    mix: Mapping[str, Any] = {}


def render_pairs(
    pairs: Pairs, root: Path, *, workers: int = 1, on_progress: OnProgress = silent
) -> Path:
    """Draw what is still missing into `root / pairs.name`; finished shards are kept."""
    folder = root / pairs.name
    total = -(-pairs.count // pairs.per_shard)
    make = partial(render_pair_shard, pairs, folder)
    draw_shards(make, folder, total=total, workers=workers, on_progress=on_progress)
    return folder


def render_pair_shard(pairs: Pairs, folder: Path, number: int) -> Path:
    """Draw one shard: `small` `[n t s s 3]` and `large` `[n t times*s times*s 3]`."""
    first = number * pairs.per_shard
    seeds = [
        derive(pairs.seed, pairs.name, index)
        for index in range(first, min(first + pairs.per_shard, pairs.count))
    ]
    drawn = [render_pair(pairs, seed) for seed in seeds]
    arrays = {
        "small": np.stack([small for small, _ in drawn]),
        "large": np.stack([large for _, large in drawn]),
    }
    return write_shard(folder, number, arrays, [{"seed": seed} for seed in seeds])


def render_pair(pairs: Pairs, seed: int) -> tuple[Frames, Frames]:
    """The crop of one seed at both sizes, over one of its things."""
    from kinora.world.clip import render_clip
    from kinora.world.mix import Mix

    mix, times = Mix(**dict(pairs.mix)), pairs.times
    small = render_clip(seed, mix=mix, frames=pairs.frames, width=pairs.width, height=pairs.height)
    large = render_clip(
        seed, mix=mix, frames=pairs.frames, width=times * pairs.width, height=times * pairs.height
    )
    top, left = _place(small.ids[len(small.ids) // 2], pairs, seed)
    return _cut(small.frames, top, left, pairs.side), _cut(
        large.frames, times * top, times * left, times * pairs.side
    )


def _place(ids: NDArray[np.uint8], pairs: Pairs, seed: int) -> tuple[int, int]:
    """Top and left of a crop that shows a thing, on the grid of latent positions."""
    rng, grain = numpy_generator(seed, "pair"), Stride().space
    seen = np.argwhere(ids >= 2)
    middle = seen[rng.integers(len(seen))] if len(seen) else rng.integers(0, ids.shape)
    corner = middle - rng.integers(pairs.side // 4, 3 * pairs.side // 4 + 1, 2)
    most = np.array(ids.shape) - pairs.side
    top, left = (np.clip(corner, 0, most) // grain * grain).tolist()
    return int(top), int(left)


def _cut(frames: Frames, top: int, left: int, side: int) -> Frames:
    return frames[:, top : top + side, left : left + side]
