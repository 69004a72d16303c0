"""What `scripts/quarter_hour.py` leans on: the order of rendering, shelves that grow, a deadline that moves."""

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from kinora.data.render import Bucket
from kinora.data.shards import write_shard
from kinora.models.store import load_bundle
from kinora.recipes.buckets import prepare
from kinora.recipes.film import film_small, film_small_fine, sized_as
from kinora.train.lessons import Stage
from tiny import tiny_bundle

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


def test_a_gpu_goes_on_from_a_trained_model_with_finer_tokens(
    script: ModuleType, tmp_path: Path
) -> None:
    begin = tiny_bundle()
    clips = Bucket(name="clips", count=2, frames=9, width=64, height=64, mix={"cuts": 0.0})
    prepare(clips, tmp_path, begin.autoencoder, workers=1, device="cpu", on_progress=lambda _: None)
    fine, small = film_small_fine(), film_small()
    task = fine.task.model_copy(update={"stages": (Stage(until=9, buckets={"clips": 1.0}),)})
    recipe = fine.model_copy(update={"buckets": (clips,), "task": task})
    recipe = script.on_gpu(sized_as(recipe, begin), small)
    (stage,) = recipe.task.stages
    assert (stage.tokens, recipe.run.precision) == (49152, "bf16")
    assert recipe.buckets[0].count == 8
    slow = {"rate": 1e-9, "warmup": 1}
    optimizer = recipe.run.optimizer.model_copy(update=slow)
    stages = (stage.model_copy(update={"tokens": 96}),)
    recipe = recipe.model_copy(
        update={
            "task": recipe.task.model_copy(update={"stages": stages}),
            "run": recipe.run.model_copy(update={"precision": "fp32", "optimizer": optimizer}),
        }
    )
    until = script.Deadline(None, time.time() + 2.0)
    script.dream(recipe, tmp_path, begin.autoencoder, until=until, device="cpu", begin=begin)
    made = load_bundle(tmp_path / "bundle")
    assert made.transformer.config == begin.transformer.config.model_copy(update={"patch": 1})
    words, learnt = begin.text.state_dict(), made.text.state_dict()
    assert all(torch.allclose(learnt[name], words[name], atol=1e-3) for name in words)
