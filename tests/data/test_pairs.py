from pathlib import Path

import numpy as np

from kinora.data.pairs import Pairs, render_pair, render_pairs
from kinora.data.pool import load_pool


def test_both_sizes_show_the_same_scene() -> None:
    pairs = Pairs(name="pairs", count=1, times=2, frames=5, side=64)
    small, large = render_pair(pairs, 3)
    assert small.shape == (5, 64, 64, 3)
    assert large.shape == (5, 128, 128, 3)
    averaged = large.reshape(5, 64, 2, 64, 2, 3).mean((2, 4))
    other, _ = render_pair(pairs, 4)
    near, far = (np.abs(averaged - each).mean() for each in (small, other))
    assert near < 3 < far
    assert np.abs(np.diff(large.astype(int), axis=2)).max() > 20


def test_shards_that_are_there_are_kept(tmp_path: Path) -> None:
    pairs = Pairs(name="pairs", count=3, times=2, frames=1, side=48, per_shard=2)
    folder = render_pairs(pairs, tmp_path)
    first = (folder / "00000.safetensors").stat().st_mtime_ns
    (folder / "00001.safetensors").unlink()
    render_pairs(pairs, tmp_path)
    assert (folder / "00000.safetensors").stat().st_mtime_ns == first
    pool = load_pool(folder, ["small", "large"])
    assert pool.tensors["large"].shape == (3, 1, 96, 96, 3)
