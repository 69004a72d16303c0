"""The judge, from nothing. In: a recipe and folders. Out: a folder that `load_judge` reads.

Stills first: what things look like. Then frames of clips: how they look from behind, in the air, half
hidden. Held-out combinations are shown: the judge must know what the generator may never see.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file

from kinora.caption.calibrate import calibrate
from kinora.caption.network import Eye
from kinora.caption.store import save_network
from kinora.caption.vote import write_tables
from kinora.core.clip import Frames
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.shards import shards
from kinora.data.sightings import render_sightings
from kinora.train.judge import JudgeTask, JudgeTaskConfig
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.world.mix import Mix


class Look(Config):
    """Renders to learn from.

    Args:
        name: their folder.
        count: stills or clips.
        frames: of each.
        first: the first one's seed.
        mix: keyword arguments of `world.Mix`.
    """

    name: str
    count: int
    frames: int = 1
    first: int
    mix: Mapping[str, Any] = {}


class JudgeStage(Config):
    """A stretch of the training; it begins with the averaged weights of the one before."""

    name: str
    looks: tuple[Look, ...]
    task: JudgeTaskConfig = JudgeTaskConfig()
    run: RunConfig


class JudgeRecipe(Config):
    """Everything about one training of the judge.

    Args:
        stages: in order.
        votes: clips on which it is counted how far single frames can be trusted.
    """

    stages: tuple[JudgeStage, ...]
    votes: Look


STILLS = Look(
    name="judge_stills", count=12_000, first=10_000_000,
    mix={"min_things": 1, "max_things": 4, "heldout": "any"},
)  # fmt: skip
CLIPS = Look(
    name="judge_clips", count=700, frames=33, first=11_000_000,
    mix={"min_things": 1, "max_things": 3, "heldout": "any"},
)  # fmt: skip
BITES = Look(
    name="judge_bites", count=300, frames=33, first=13_000_000,
    mix={"min_things": 2, "max_things": 3, "happenings": ("eats",), "heldout": "any"},
)  # fmt: skip
RATE = OptimizerConfig(rate=2e-3, warmup=60, decay=0.1, clip=10.0, weight_decay=0.02)


def judge_tiny() -> JudgeRecipe:
    """A quarter of an hour of one CPU core: stills alone."""
    run = RunConfig(steps=900, seed=1, ema=0.99, save_every=100, optimizer=RATE)
    return JudgeRecipe(stages=(JudgeStage(name="stills", looks=(STILLS,), run=run),), votes=CLIPS)


def judge_small() -> JudgeRecipe:
    """As `judge_tiny`, then as long again on clips too, and at last on many cookies that are eaten."""
    slow = RATE.model_copy(update={"rate": 1e-3, "warmup": 30, "decay": 0.6})
    clips = JudgeStage(
        name="clips", looks=(STILLS, CLIPS), task=JudgeTaskConfig(every=4),
        run=RunConfig(steps=900, seed=2, ema=0.99, save_every=50, optimizer=slow),
    )  # fmt: skip
    bites = JudgeStage(
        name="bites", looks=(STILLS, CLIPS, BITES), task=JudgeTaskConfig(every=3),
        run=RunConfig(steps=1500, seed=4, ema=0.99, save_every=50, optimizer=slow),
    )  # fmt: skip
    votes = CLIPS.model_copy(update={"name": "judge_votes", "count": 200, "first": 12_000_000})
    return JudgeRecipe(stages=(*judge_tiny().stages, clips, bites), votes=votes)


def train_judge(
    recipe: JudgeRecipe,
    folder: Path,
    *,
    data: Path,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> Eye:
    """Render what is missing, learn stage by stage, and write `judge/`.

    Args:
        recipe: what to do.
        folder: a checkpoint and a log per stage, and the finished `judge/`.
        data: sightings are kept in `data / name`.
        resume: go on from the folder's checkpoints.
        on_progress: told after every shard and step; may raise to stop.
    """
    before: Path | None = None
    for stage in recipe.stages:
        names = [_rendered(look, data, on_progress) for look in stage.looks]
        task = JudgeTask(stage.task, names, seed=stage.run.seed)
        if before is not None:
            task.networks.load_state_dict(load_file(before / "checkpoint" / "average.safetensors"))
        trainer = Trainer(task, stage.run, folder / stage.name)
        if resume and (folder / stage.name / "checkpoint").exists():
            trainer.resume()
        trainer.run(on_progress=on_progress)
        before = folder / stage.name
    eye = trainer.ema.networks["eye"]
    assert isinstance(eye, Eye)
    save_network(eye, eye.settings(), folder / "judge" / "eye")
    votes = _rendered(recipe.votes, data, on_progress)
    write_tables(calibrate(eye, _moving(votes)), folder / "judge")
    return eye


def _rendered(look: Look, data: Path, on_progress: OnProgress) -> Path:
    render_sightings(
        data / look.name, first=look.first, count=look.count, frames=look.frames,
        mix=Mix(**dict(look.mix)), on_progress=on_progress,
    )  # fmt: skip
    return data / look.name


def _moving(folder: Path) -> Iterator[tuple[Frames, NDArray[np.float32]]]:
    """One frame in ten of each clip, with its things."""
    for shard in shards(folder):
        frames, things = (shard.read(name)[:, 3::10] for name in ("frames", "things"))
        yield frames.reshape(-1, *frames.shape[2:]), things.reshape(-1, *things.shape[2:])
