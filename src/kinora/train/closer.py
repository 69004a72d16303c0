"""Learning to look closer. In: close-ups of the world's things. Out: a network that names what it sees.

Close-ups are cut somewhat wide; what is shown of them wanders and grows a little, as the boxes do that an
eye draws, and is spoilt as films spoil it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict
from torch import Generator, Tensor, nn

from kinora.caption.answers import OF_A_THING
from kinora.caption.closer import MARGIN, QUESTIONS, SIDE, Closer, CloserConfig
from kinora.core.seed import derive, torch_generator
from kinora.data.closeups import WIDE
from kinora.data.shards import shards
from kinora.train.disturb import disturb


class CloserTaskConfig(BaseModel):
    """What is learnt.

    Args:
        network: sizes.
        batch: close-ups per step.
        wander: how far the middle may be off, in sides of the thing.
        grow: by how much more or less than `MARGIN` may be cut out.
        smooth: how much of an answer's probability goes to all the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: CloserConfig = CloserConfig()
    batch: int = 128
    wander: float = 0.12
    grow: float = 0.2
    smooth: float = 0.02


@dataclass(frozen=True, eq=False)
class CloseUps:
    """`pixels` `[n 3 s s]` in -1..1, `answers` `[n questions]` by `OF_A_THING`; -1 where there is none."""

    pixels: Tensor
    answers: Tensor


class CloserTask:
    """See the module.

    Args:
        folders: of close-ups.
    """

    def __init__(self, config: CloserTaskConfig, folders: Sequence[Path], *, seed: int) -> None:
        self.config, self.seed = config, seed
        torch.manual_seed(derive(seed, "closer", "weights"))
        self.network = Closer(config.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.networks = nn.ModuleDict({"closer": self.network})
        self.crops, self.answers = (
            torch.cat(
                [torch.from_numpy(s.read(name)) for folder in folders for s in shards(folder)]
            )
            for name in ("crops", "answers")
        )

    def batch(self, step: int) -> CloseUps:
        """Random close-ups."""
        rng = torch_generator(self.seed, "closer", step)
        chosen = torch.randint(len(self.crops), (self.config.batch,), generator=rng)
        wide = self.crops[chosen].permute(0, 3, 1, 2).float().div(127.5).sub(1)
        nothing = torch.zeros(len(wide), 1, 5)
        pixels, _ = disturb(self._within(wide, rng), nothing, rng=rng)
        return CloseUps(
            pixels.contiguous(memory_format=torch.channels_last), self.answers[chosen].long()
        )

    def _within(self, wide: Tensor, rng: Generator) -> Tensor:
        """A part of each wide close-up `[n 3 w w]`, about as an eye's box would cut it: `[n 3 s s]`."""
        n, c = len(wide), self.config
        share = MARGIN * (1 + c.grow * (2 * torch.rand(n, generator=rng) - 1)) / WIDE
        off = c.wander * (2 * torch.rand(n, 2, generator=rng) - 1) * 2 / WIDE
        theta = torch.zeros(n, 2, 3)
        theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = share, share, off
        grid = F.affine_grid(theta, [n, 3, SIDE, SIDE], align_corners=False)
        return F.grid_sample(wide, grid, padding_mode="border", align_corners=False)

    def loss(self, batch: CloseUps, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The sum over all questions, and each of them."""
        said, each = self.network(batch.pixels), {}
        for question in QUESTIONS:
            answer = batch.answers[:, list(OF_A_THING).index(question)]
            each[question] = F.cross_entropy(
                said[question], answer, ignore_index=-1, label_smoothing=self.config.smooth
            )
        return torch.stack(list(each.values())).sum(), each
