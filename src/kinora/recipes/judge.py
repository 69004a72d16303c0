"""The judge, from nothing. In: a recipe and folders. Out: a folder that `load_judge` reads.

Stills first: what things look like. Then frames of clips: how they look from behind, in the air, half
hidden. Held-out combinations are shown: the judge must know what the generator may never see.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from kinora.caption.network import Eye
from kinora.caption.store import save_network
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
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
    """Everything about one training of the judge."""

    stages: tuple[JudgeStage, ...]


def judge_tiny() -> JudgeRecipe:
    """A quarter of an hour of one CPU core."""
    stills = Look(
        name="judge_stills", count=12_000, first=10_000_000,
        mix={"min_things": 1, "max_things": 4, "heldout": "any"},
    )  # fmt: skip
    clips = Look(
        name="judge_clips", count=700, frames=33, first=11_000_000,
        mix={"min_things": 1, "max_things": 3, "heldout": "any"},
    )  # fmt: skip
    few = stills.model_copy(update={"name": "judge_few", "count": 2000})
    rate = OptimizerConfig(rate=2e-3, warmup=60, decay=0.1, clip=10.0, weight_decay=0.02)
    slow = rate.model_copy(update={"rate": 6e-4, "warmup": 10, "decay": 0.6})
    return JudgeRecipe(
        stages=(
            JudgeStage(
                name="stills", looks=(stills,),
                run=RunConfig(steps=900, seed=1, ema=0.99, save_every=100, optimizer=rate),
            ),
            JudgeStage(
                name="clips", looks=(few, clips), task=JudgeTaskConfig(batch=32, every=8),
                run=RunConfig(steps=150, seed=2, ema=0.95, save_every=10, optimizer=slow),
            ),
        )
    )  # fmt: skip


def train_judge(
    recipe: JudgeRecipe,
    folder: Path,
    *,
    data: Path,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> Eye:
    """Render what is missing, learn stage by stage, and write `judge/eye`.

    Args:
        recipe: what to do.
        folder: a checkpoint and a log per stage, and the finished `judge/`.
        data: sightings are kept in `data / name`.
        resume: go on from the folder's checkpoints.
        on_progress: told after every shard and step; may raise to stop.
    """
    before: Path | None = None
    for stage in recipe.stages:
        for look in stage.looks:
            render_sightings(
                data / look.name, first=look.first, count=look.count, frames=look.frames,
                mix=Mix(**dict(look.mix)), on_progress=on_progress,
            )  # fmt: skip
        names = [data / look.name for look in stage.looks]
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
    return eye
