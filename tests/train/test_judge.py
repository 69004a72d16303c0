from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.caption.network import EyeConfig
from kinora.data.shards import write_shard
from kinora.train.judge import JudgeTask, JudgeTaskConfig
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig

CONFIG = JudgeTaskConfig(
    eye=EyeConfig(stem=4, fine=8, coarse=8, depth=1), batch=8, blank=0.25, every=2
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips of three frames with a square whose colour goes with the ground."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (2, 3, 32, 48, 3)).astype(np.uint8)
    things = np.full((2, 3, 4, 11), -1.0, np.float32)
    things[:, :, 0] = [1, 2, 1, 0, -1, -1, 0.05, 0.3, 0.5, 0.2, 0.2]
    scene = np.ones((2, 3, 2), np.int64)
    write_shard(
        tmp_path / "sights", 0, {"frames": frames, "things": things, "scene": scene}, [{}, {}]
    )
    return tmp_path / "sights"


def test_a_batch_follows_from_seed_and_step_alone(folder: Path) -> None:
    first, again = (JudgeTask(CONFIG, [folder], seed=1) for _ in range(2))
    first.batch(0)
    assert torch.equal(first.batch(3).pixels, again.batch(3).pixels)
    assert not torch.equal(first.batch(3).pixels, first.batch(4).pixels)
    assert len(first.frames) == 4  # every second frame of two clips


def test_blank_pictures_have_no_truth(folder: Path) -> None:
    batch = JudgeTask(CONFIG, [folder], seed=1).batch(0)
    assert (batch.scene[:2] == -1).all() and (batch.things[:2] == -1).all()
    assert (batch.scene[2:] == 1).all()


def test_a_run_learns_and_goes_on_exactly(folder: Path, tmp_path: Path) -> None:
    config = RunConfig(steps=12, log_every=1, optimizer=OptimizerConfig(rate=1e-2, warmup=1))

    def trainer(name: str) -> Trainer:
        return Trainer(JudgeTask(CONFIG, [folder], seed=1), config, tmp_path / name)

    whole = trainer("whole")
    whole.run()
    part = trainer("part")
    for _ in range(5):
        part._one_step()
    part.save()
    rest = trainer("part")
    rest.resume()
    rest.run()
    for a, b in zip(whole.task.networks.parameters(), rest.task.networks.parameters(), strict=True):
        assert torch.equal(a, b)
    lines = (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
    first, last = (float(line.split('"loss": ')[1].split(",")[0]) for line in (lines[0], lines[-1]))
    assert last < first
