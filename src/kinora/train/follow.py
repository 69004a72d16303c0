"""What follows from frames that are known. In: lessons. Out: points on the path to the real clip, what counts.

A teacher knows the next moment of a film, or the same one from another side, no better than it dreams; the real
clip does, and where little is left to choose its mean is no blur. So a student learns these from the clips
themselves, on the levels that its few steps visit, while what it is free to choose it learns from walks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from kinora.core.config import Config
from kinora.core.seed import torch_generator
from kinora.flow.path import PathSample, sample_path
from kinora.train.lessons import Lessons, LessonsConfig
from kinora.transformer.place import Place


class FollowConfig(Config):
    """What is shown, and how far what is known reaches.

    Args:
        lessons: clips, words, and which frames are known.
        share: of the steps that learn from real clips.
        fade: seconds in which what is known comes to count half as much.
    """

    lessons: LessonsConfig
    share: float = 0.5
    fade: float = 1.0


@dataclass(frozen=True, eq=False)
class Followed:
    """A batch: the noised clips, what each frame counts `[b f]`, where it stands, and its words."""

    sample: PathSample
    weight: Tensor
    place: Place
    ids: Tensor
    mask: Tensor


class Follow:
    """See the module.

    Args:
        config: what is shown.
        lessons: the same with its clips.
        schedule: levels from 1 to 0 that the student's steps visit.
        step_seconds: seconds between two latent frames.
        seed: of everything random.
    """

    def __init__(
        self,
        config: FollowConfig,
        lessons: Lessons,
        *,
        schedule: Tensor,
        step_seconds: float,
        seed: int,
    ) -> None:
        self.config, self.lessons, self.seed = config, lessons, seed
        self.schedule, self.step_seconds = schedule, step_seconds

    def due(self, step: int) -> bool:
        """Whether this step learns from real clips."""
        chance = torch.rand((), generator=torch_generator(self.seed, "follow", step))
        return float(chance) < self.config.share

    def of(self, step: int) -> Followed:
        """One batch; clips of which nothing is known count for nothing."""
        batch = self.lessons.batch(step)
        x, (clips, cameras) = batch.latents, batch.cameras.shape
        drawn = self.lessons.levels(clips, len(batch.numbers), step, cameras=cameras)
        drawn = torch.nn.functional.pad(drawn, (batch.portraits, 0)).to(x)
        g = torch_generator(self.seed, "follow", "levels", step)
        here = self.schedule[torch.randint(len(self.schedule) - 1, (clips, 1), generator=g)].to(x)
        level = torch.where(drawn == 0, drawn, here)
        g = torch_generator(self.seed, "follow", "noise", step, device=x.device)
        noise = torch.randn(x.shape, generator=g, device=x.device)
        place = self.lessons.place(batch, step_seconds=self.step_seconds)
        weight = follows(level, place.time, fade=self.config.fade)
        return Followed(sample_path(x, noise, level), weight, place, batch.ids, batch.mask)


def follows(level: Tensor, time: Tensor, *, fade: float) -> Tensor:
    """`[b f]` in 0..1: how much of a frame follows from those known: halved every `fade` seconds from them.

    Args:
        level: `[b f]`, 0 for known frames; those count nothing themselves.
        time: `[b f]` seconds.
    """
    apart = (time[:, :, None] - time[:, None, :]).abs()
    apart = apart.masked_fill((level > 0)[:, None, :], torch.inf).amin(-1)
    return torch.exp2(-apart / fade) * (level > 0)
