"""Learning to judge: the eye. In: sightings of the world. Out: an eye that tells what a frame shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from kinora.caption.network import Eye, EyeConfig
from kinora.core.seed import derive, torch_generator
from kinora.data.shards import shards
from kinora.train.disturb import disturb, nothing_known
from kinora.train.sighting import losses


class JudgeTaskConfig(BaseModel):
    """What is learnt.

    Args:
        eye: sizes.
        batch: frames per step.
        blank: share of a batch that shows no world at all.
        every: of a clip, one frame in so many is learnt from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    eye: EyeConfig = EyeConfig()
    batch: int = 64
    blank: float = 0.03
    every: int = 3


@dataclass(frozen=True, eq=False)
class Frames:
    """`pixels` `[n 3 h w]` in -1..1, `things` `[n k c]`, `scene` `[n 2]`, as `data.sightings` has them."""

    pixels: Tensor
    things: Tensor
    scene: Tensor


class JudgeTask:
    """See the module.

    Args:
        folders: of sightings; a frame of any is as likely as one of any other.
    """

    def __init__(self, config: JudgeTaskConfig, folders: Sequence[Path], *, seed: int) -> None:
        self.config, self.seed = config, seed
        torch.manual_seed(derive(seed, "judge", "weights"))
        self.eye = Eye(config.eye).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.networks = nn.ModuleDict({"eye": self.eye})
        self.frames, self.things, self.scene = (
            _flat(folders, name, config.every) for name in ("frames", "things", "scene")
        )

    def batch(self, step: int) -> Frames:
        """Random frames, spoilt as films spoil them, and a few that show no world."""
        rng = torch_generator(self.seed, "judge", "batch", step)
        chosen = torch.randint(len(self.frames), (self.config.batch,), generator=rng)
        pixels = self.frames[chosen].permute(0, 3, 1, 2).float().div(127.5).sub(1)
        pixels, things = disturb(pixels, self.things[chosen], rng=rng)
        scene = self.scene[chosen]
        blank = round(len(pixels) * self.config.blank)
        pixels[:blank] = nothing_known(blank, *pixels.shape[2:], rng=rng)
        things[:blank], scene[:blank] = -1, -1
        return Frames(pixels.contiguous(memory_format=torch.channels_last), things, scene)

    def loss(self, batch: Frames, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The sum over all questions, and each of them."""
        each = losses(self.eye(batch.pixels), batch.things, batch.scene)
        return torch.stack(list(each.values())).sum(), each


def _flat(folders: Sequence[Path], name: str, every: int) -> Tensor:
    """One tensor of all folders, clips taken apart into frames."""
    parts = [
        torch.from_numpy(shard.read(name)[:, ::every]).flatten(0, 1)
        for folder in folders
        for shard in shards(folder)
    ]
    return torch.cat(parts)
