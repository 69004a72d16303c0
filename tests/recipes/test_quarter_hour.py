"""What `scripts/quarter_hour.py` leans on: the order of rendering, shelves that grow, a deadline that moves."""

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kinora.data.render import Bucket
from kinora.data.shards import write_shard

SCRIPT = Path(__file__).parents[2] / "scripts" / "quarter_hour.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quarter_hour", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_shard_is_drawn_once_and_first_what_the_autoencoder_needs(script: ModuleType) -> None:
    buckets = [
        Bucket(name="way_wide", count=64, per_shard=16),
        Bucket(name="stills_wide", count=2048, frames=1, per_shard=256),
        Bucket(name="clips_wide", count=2048, per_shard=16),
    ]
    order = [(bucket.name, number) for bucket, number in script.in_order(buckets)]
    assert len(order) == len(set(order)) == 4 + 8 + 128
    soon = {name for name, _ in order[: 4 + 64]}
    assert soon == {"stills_wide", "clips_wide"}


def test_a_shelf_hands_out_what_is_new_and_only_once(script: ModuleType, tmp_path: Path) -> None:
    shelf = script.Shelf(tmp_path, ["labels"], "cpu")
    assert shelf.new() is None
    for number in (0, 1):
        labels = {"labels": np.full((2, 3), number, np.uint8)}
        write_shard(tmp_path, number, labels, [{"seed": 2 * number}, {"seed": 2 * number + 1}])
    pool = shelf.new()
    assert [row["seed"] for row in pool.rows] == [0, 1, 2, 3]
    assert pool.tensors["labels"][:, 0].tolist() == [0, 0, 1, 1]
    assert shelf.new() is None


def test_a_deadline_is_moved_by_its_file(script: ModuleType, tmp_path: Path) -> None:
    deadline = script.Deadline(tmp_path / "ends", time.time() - 5)
    assert deadline.left == 0
    (tmp_path / "ends").write_text(f"{time.time() + 500:.0f}\n")
    assert 400 < deadline.left <= 501
