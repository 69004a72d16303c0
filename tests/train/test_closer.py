"""Close-ups of the world are learnt from, and from near a glint can be told."""

from pathlib import Path

import numpy as np
import torch

from kinora.caption.answers import OF_A_THING
from kinora.caption.closer import SIDE, CloserConfig
from kinora.data.closeups import STORED, render_close_ups
from kinora.data.shards import shards, write_shard
from kinora.train.closer import CloserTask, CloserTaskConfig
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.world import Mix

CONFIG = CloserTaskConfig(network=CloserConfig(widths=(8, 8, 8)), batch=16)
FINISH = list(OF_A_THING).index("finish")


def glints(folder: Path) -> Path:
    """Grey balls, half of them with a white dot."""
    crops = np.full((16, STORED, STORED, 3), 100, np.uint8)
    crops[8:, 30:42, 30:42] = 255
    answers = np.full((16, len(OF_A_THING)), -1, np.int32)
    answers[:, 0], answers[:, FINISH] = 0, np.arange(16) // 8
    write_shard(folder, 0, {"crops": crops, "answers": answers}, [{}] * 16)
    return folder


def test_what_shines_is_learnt(tmp_path: Path) -> None:
    task = CloserTask(CONFIG, [glints(tmp_path / "near")], seed=1)
    config = RunConfig(steps=60, optimizer=OptimizerConfig(rate=1e-2, warmup=1))
    before = task.loss(task.batch(1000), 0)[1]["finish"]
    Trainer(task, config, tmp_path / "run").run()
    after = task.loss(task.batch(1000), 0)[1]["finish"]
    assert after < 0.5 * before


def test_a_batch_follows_from_seed_and_step_alone(tmp_path: Path) -> None:
    folder = glints(tmp_path / "near")
    first, again = (CloserTask(CONFIG, [folder], seed=1) for _ in range(2))
    first.batch(0)
    assert torch.equal(first.batch(3).pixels, again.batch(3).pixels)
    assert not torch.equal(first.batch(3).pixels, first.batch(4).pixels)
    assert first.batch(0).pixels.shape == (16, 3, SIDE, SIDE)


def test_every_visible_thing_is_cut_out_with_its_answers(tmp_path: Path) -> None:
    mix = Mix(min_things=2, max_things=2, kinds=("cookie",))
    render_close_ups(tmp_path, first=1, count=2, mix=mix, frames=9, every=4)
    (shard,) = shards(tmp_path)
    crops, answers = shard.read("crops"), shard.read("answers")
    assert crops.shape[1:] == (STORED, STORED, 3)
    assert 4 <= len(crops) == len(answers) <= 12
    kind = OF_A_THING["kind"].index("cookie")
    assert (answers[:, 0] == kind).all() and (answers[:, FINISH] >= 0).all()
    middle = crops[:, 24:48, 24:48].reshape(-1, 3).mean(0)
    assert middle[0] > middle[2]  # brown


def test_what_is_shown_may_be_another_picture_of_the_same(tmp_path: Path) -> None:
    render_close_ups(
        tmp_path, first=1, count=1, mix=Mix(),
        dream=lambda seed, clip: np.full_like(clip.frames, seed),
    )  # fmt: skip
    (shard,) = shards(tmp_path)
    assert (shard.read("crops") == 1).all()
    assert (shard.read("answers")[:, FINISH] == -1).all()
