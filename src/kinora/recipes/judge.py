"""The judge, from nothing. In: a recipe and folders. Out: a folder that `load_judge` reads.

Stills first: what things look like. Then frames of clips: how they look from behind, in the air, half
hidden. Last things alone, seen from near. Held-out combinations are shown: the judge must know what the
generator may never see.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from kinora.caption.calibrate import calibrate
from kinora.caption.closer import Closer
from kinora.caption.network import Eye
from kinora.caption.store import save_network
from kinora.caption.vote import write_tables
from kinora.core.clip import Clip, Frames
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.closeups import Dream, render_close_ups
from kinora.data.sightings import render_sightings, sight
from kinora.generate import load
from kinora.timeline.remix import Remix, remix
from kinora.train.closer import CloserTask, CloserTaskConfig
from kinora.train.judge import JudgeTask, JudgeTaskConfig
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.train.task import Task
from kinora.world import Mix, WorldClip, render_clip


class Look(Config):
    """Renders to learn from.

    Args:
        name: their folder.
        count: stills or clips.
        frames: of each.
        first: the first one's seed.
        mix: keyword arguments of `world.Mix`.
        dreamt: noised and dreamt back by a film model, whose things are lumpy and still what they were.
    """

    name: str
    count: int
    frames: int = 1
    first: int
    mix: Mapping[str, Any] = {}
    dreamt: bool = False


class JudgeStage(Config):
    """A stretch of the training; it begins with the averaged weights of the one before."""

    name: str
    looks: tuple[Look, ...]
    task: JudgeTaskConfig = JudgeTaskConfig()
    run: RunConfig


class CloserStage(Config):
    """The training of the closer look.

    Args:
        looks: renders to learn from.
        model: id of the film model that dreams back those of them that are `dreamt`.
    """

    looks: tuple[Look, ...]
    model: str = "kinora-tiny-few"
    task: CloserTaskConfig = CloserTaskConfig()
    run: RunConfig


class JudgeRecipe(Config):
    """Everything about one training of the judge.

    Args:
        stages: of the eye, in order.
        closer: of the closer look.
        votes: clips on which it is counted how far single frames can be trusted.
    """

    stages: tuple[JudgeStage, ...]
    closer: CloserStage
    votes: Look


STILLS = Look(
    name="judge_stills", count=12_000, first=10_000_000,
    mix={"min_things": 1, "max_things": 4, "heldout": "any"},
)  # fmt: skip
CLIPS = Look(
    name="judge_clips", count=700, frames=33, first=11_000_000,
    mix={"min_things": 1, "max_things": 3, "heldout": "any"},
)  # fmt: skip
NEAR = (
    Look(
        name="near_stills", count=6000, first=14_000_000,
        mix={"min_things": 1, "max_things": 4, "heldout": "any"},
    ),
    Look(
        name="near_clips", count=600, frames=17, first=14_100_000,
        mix={"min_things": 1, "max_things": 3, "heldout": "any"},
    ),
    Look(
        name="near_bites", count=150, frames=33, first=14_200_000,
        mix={"min_things": 2, "max_things": 3, "happenings": ("eats",), "heldout": "any"},
    ),
)  # fmt: skip
DREAMT = (
    NEAR[1].model_copy(
        update={"name": "near_dreamt", "count": 200, "first": 14_300_000, "dreamt": True}
    ),
    NEAR[2].model_copy(
        update={"name": "near_dreamt_bites", "count": 100, "first": 14_400_000, "dreamt": True}
    ),
)
"""What dreamt things look like, lumps and all, while it is known what they are and whether they are bitten."""
STRENGTHS = (0.5, 0.65, 0.8)
"""Noise levels from which they are dreamt back."""
RATE = OptimizerConfig(rate=2e-3, warmup=60, decay=0.1, clip=10.0, weight_decay=0.02)


def judge_tiny() -> JudgeRecipe:
    """Half an hour of one CPU core: stills alone, and two thousand steps from near."""
    run = RunConfig(steps=900, seed=1, ema=0.99, save_every=100, optimizer=RATE)
    stills = JudgeStage(name="stills", looks=(STILLS,), run=run)
    return JudgeRecipe(stages=(stills,), closer=_near(NEAR, 2000), votes=CLIPS)


def judge_small() -> JudgeRecipe:
    """As `judge_tiny`, then as long again on clips too, and from near on dreams."""
    slow = RATE.model_copy(update={"rate": 1e-3, "warmup": 30, "decay": 0.6})
    clips = JudgeStage(
        name="clips", looks=(STILLS, CLIPS), task=JudgeTaskConfig(every=4),
        run=RunConfig(steps=900, seed=2, ema=0.99, save_every=50, optimizer=slow),
    )  # fmt: skip
    votes = CLIPS.model_copy(update={"name": "judge_votes", "count": 200, "first": 12_000_000})
    return JudgeRecipe(
        stages=(*judge_tiny().stages, clips),
        closer=_near((*NEAR, *DREAMT), 5000),
        votes=votes,
    )


def _near(looks: tuple[Look, ...], steps: int) -> CloserStage:
    run = RunConfig(
        steps=steps, seed=1, ema=0.99, save_every=200,
        optimizer=OptimizerConfig(rate=3e-3, warmup=50, decay=0.5, clip=10.0, weight_decay=0.02),
    )  # fmt: skip
    return CloserStage(looks=looks, run=run)


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
        before = folder / stage.name
        learnt = _learnt(task, stage.run, before, resume=resume, on_progress=on_progress)
    eye = learnt["eye"]
    assert isinstance(eye, Eye)
    closer = _closer(recipe.closer, folder, data=data, resume=resume, on_progress=on_progress)
    save_network(eye, eye.settings(), folder / "judge" / "eye")
    save_network(closer, closer.settings(), folder / "judge" / "closer")
    write_tables(calibrate(eye, closer, _moving(recipe.votes)), folder / "judge")
    return eye


def _closer(
    stage: CloserStage, folder: Path, *, data: Path, resume: bool, on_progress: OnProgress
) -> Closer:
    for look in stage.looks:
        render_close_ups(
            data / look.name, first=look.first, count=look.count, frames=look.frames,
            mix=Mix(**dict(look.mix)), dream=_dreamer(stage.model) if look.dreamt else None,
            on_progress=on_progress,
        )  # fmt: skip
    names = [data / look.name for look in stage.looks]
    task = CloserTask(stage.task, names, seed=stage.run.seed)
    learnt = _learnt(task, stage.run, folder / "closer", resume=resume, on_progress=on_progress)
    closer = learnt["closer"]
    assert isinstance(closer, Closer)
    return closer


def _learnt(
    task: Task, run: RunConfig, folder: Path, *, resume: bool, on_progress: OnProgress
) -> nn.ModuleDict:
    """The averaged networks of a run, gone on with if it is to be and there is one."""
    trainer = Trainer(task, run, folder)
    if resume and (folder / "checkpoint").exists():
        trainer.resume()
    trainer.run(on_progress=on_progress)
    return trainer.ema.networks


def _dreamer(name: str) -> Dream:
    """Noises a clip and dreams it back in few steps."""
    model = load(name)

    def dream(seed: int, clip: WorldClip) -> Frames:
        edit = Remix(
            prompt=clip.captions.sentence, strength=STRENGTHS[seed % len(STRENGTHS)], seed=seed
        )
        return remix(model, Clip(clip.frames, clip.scene.fps), edit).clip.frames

    return dream


def _rendered(look: Look, data: Path, on_progress: OnProgress) -> Path:
    render_sightings(
        data / look.name, first=look.first, count=look.count, frames=look.frames,
        mix=Mix(**dict(look.mix)), on_progress=on_progress,
    )  # fmt: skip
    return data / look.name


def _moving(look: Look) -> Iterator[tuple[Frames, NDArray[np.float32]]]:
    """One frame in ten of each clip, at its full size, with its things."""
    mix = Mix(**dict(look.mix))
    for seed in range(look.first, look.first + look.count):
        clip = render_clip(seed, mix=mix, frames=look.frames)
        at = range(min(3, look.frames - 1), look.frames, 10)
        yield clip.frames[list(at)], sight(clip, at).things
