"""Learning to dream in few steps. In: a trained model. Out: a transformer that needs no guidance.

The student takes its own few steps, on the levels that sampling visits, and at each must point at where
the teacher's many guided steps end: the same aim from every level, so one network without a new input
serves any number of steps (Liu et al. 2022, arXiv:2209.03003; guidance goes with it: Meng et al. 2022,
arXiv:2210.03142). Or at the next stop only, nearer to what it knows, for one number of steps.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from kinora.core.config import Config
from kinora.core.machine import Precision, in_bf16
from kinora.core.seed import torch_generator
from kinora.flow.path import spread
from kinora.flow.schedule import levels
from kinora.models.bundle import Bundle
from kinora.nn.lowrank import adapt, begin_with
from kinora.nn.store import read_weights
from kinora.train.lessons import Lessons, LessonsConfig
from kinora.train.walk import Teacher, Walk, Walks
from kinora.transformer.model import Transformer, Words
from kinora.transformer.place import Place
from kinora.transformer.stem import finer


class FewStepsTaskConfig(Config):
    """What is learnt.

    Args:
        lessons: whose clips and words are walked.
        walks: how many batches of walks there are; each is learnt from again and again.
        teacher_steps: guided steps of a walk.
        teacher_precision: of the walks, as `RunConfig.precision`.
        guidance: of the teacher; None for what it likes.
        steps: numbers of steps that the student practises.
        aim: `end`, where the walk ends; or `stop`, where the walk stands after the student's next step.
        rework: share of clips that start from partly noised frames.
        rank: of what is learnt in every matrix, see `nn.lowrank`; None for the whole network.
        begin: a `change.safetensors` of that rank that the student begins with, of a teacher much like this one;
            its tokens may be coarser.
    """

    lessons: LessonsConfig
    walks: int = 400
    teacher_steps: int = 32
    teacher_precision: Precision = "auto"
    guidance: float | None = None
    steps: tuple[int, ...] = (2, 4, 4)
    aim: Literal["end", "stop"] = "end"
    rework: float = 0.15
    rank: int | None = None
    begin: Path | None = None

    @model_validator(mode="after")
    def _stops(self) -> Self:
        if self.aim == "stop" and len(set(self.steps)) > 1:
            raise ValueError("stops differ between numbers of steps: name one, as steps = [4]")
        if any(max(self.steps) % steps for steps in self.steps):
            raise ValueError("every number of steps must divide the largest")
        if self.teacher_steps % max(self.steps):
            raise ValueError("teacher_steps must be a multiple of the largest of steps")
        if self.begin is not None and self.rank is None:
            raise ValueError("a change to begin with needs its rank, as rank = 16")
        return self


class FewStepsTask:
    """See the module.

    Args:
        config: what is learnt.
        lessons: clips and words to walk.
        bundle: the trained model.
        folder: where walks are kept.
        seed: of everything random.
    """

    def __init__(
        self,
        config: FewStepsTaskConfig,
        lessons: Lessons,
        bundle: Bundle,
        *,
        folder: Path,
        seed: int,
    ) -> None:
        self.config, self.seed = config, seed
        self.teacher = teacher_of(bundle, config)
        self.student = Transformer(bundle.transformer.config).to(bundle.device)
        self.student.load_state_dict(bundle.transformer.state_dict())
        if config.rank is not None:
            adapt(self.student, config.rank)
        if config.begin is not None:
            begin_with(self.student, finer(_change(config.begin), self.student.stem))
        self.networks = nn.ModuleDict({"transformer": self.student})
        self.walks = Walks(lessons, self.teacher, rework=config.rework, folder=folder, seed=seed)

    def batch(self, step: int) -> Walk:
        """One batch of the teacher's walks."""
        return self.walks.of(step % self.config.walks)

    def loss(self, batch: Walk, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """How far the student points past its aim, after some of its own steps."""
        g = torch_generator(self.seed, "few steps", step)
        choices = self.config.steps
        steps = choices[int(torch.randint(len(choices), (), generator=g))]
        gone = int(torch.randint(steps, (), generator=g))
        schedule = levels(steps, amount=self.teacher.shift)[: gone + 2].to(batch.start)
        words = self.teacher.listen(batch.ids, batch.mask, self.student)
        with torch.no_grad():
            x = self.walked(batch, schedule[:-1], words)
        here = batch.level * schedule[-2]
        velocity = self._velocity(x, here, batch.place, words)
        dreamt = (here > 0).to(x)
        if self.config.aim == "end":
            aim = (batch.path[-1] - x) / spread(here.clamp_min(1e-6), x)
        else:
            width = batch.level * (schedule[-2] - schedule[-1])
            aim = (batch.path[gone] - x) / spread(width.clamp_min(1e-6), x)
        error = (velocity - aim).square().mean((-3, -2, -1))
        loss = (error * dreamt).sum() / dreamt.sum()
        return loss, {f"{steps} steps": loss}

    def walked(self, walk: Walk, schedule: Tensor, words: Words) -> Tensor:
        """`[b f c h w]`: where the student's steps along `schedule` lead, scaled by each frame's level."""
        x = walk.start
        for here, there in zip(schedule[:-1], schedule[1:], strict=True):
            velocity = self._velocity(x, walk.level * here, walk.place, words)
            x = x + spread(walk.level * (here - there), x) * velocity
        return x

    def _velocity(self, x: Tensor, level: Tensor, place: Place, words: Words) -> Tensor:
        velocity: Tensor = self.student(x, level, place, words)
        return velocity


def _change(file: Path) -> dict[str, Tensor]:
    return read_weights(file, remedy="Name the change.safetensors of a student of the same rank")


def teacher_of(bundle: Bundle, config: FewStepsTaskConfig) -> Teacher:
    """The bundle as it dreams with care."""
    return Teacher(
        bundle.text,
        bundle.transformer,
        steps=config.teacher_steps,
        guidance=bundle.index.guidance if config.guidance is None else config.guidance,
        shift=bundle.index.shift,
        stops=max(config.steps),
        step_seconds=bundle.stride.time / bundle.index.fps,
        bf16=in_bf16(config.teacher_precision, bundle.device),
    )
