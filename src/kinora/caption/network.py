"""The judge's eye. In: small frames `[n 3 h w]` in -1..1. Out: what is where in each of them.

n frames, g = h/8 by w/8 cells. Every cell says whether a thing is centred on it, where exactly and how
large it is, and answers every question about it; the whole frame answers for ground and light.
Dense 3x3 convolutions on blocks of pixels: 0.17 GFLOP a frame of 128x80.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from kinora.caption.answers import BOX, OF_A_FRAME, OF_A_THING
from kinora.nn.convolution import ResidualBlock
from kinora.nn.norm import ChannelNorm


class EyeConfig(BaseModel):
    """Sizes of the eye.

    Args:
        stem: width at 1/4 of the side.
        fine: width at 1/8 of the side, where things are read off.
        coarse: width at 1/16 of the side, where the picture is seen as a whole.
        depth: residual blocks at `fine`; one more at `coarse`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stem: int = 32
    fine: int = 64
    coarse: int = 128
    depth: int = 2


@dataclass(frozen=True, eq=False)
class Glance:
    """What the eye says about n frames, as logits.

    Args:
        centre: `[n g]`, a thing is centred on the cell.
        box: `[n 4 g]`: the centre's offset from the cell's in cells (x, y), width and height in 0..1.
        of_things: question -> `[n answers g]`.
        of_frames: question -> `[n answers]`.
        features: `[n fine g]`, what the answers were read from.
        whole: `[n coarse g/2]`, the picture seen as a whole.
    """

    centre: Tensor
    box: Tensor
    of_things: Mapping[str, Tensor]
    of_frames: Mapping[str, Tensor]
    features: Tensor
    whole: Tensor

    @property
    def look(self) -> Tensor:
        """`[n coarse + fine]`: what each frame looks like on the whole."""
        return torch.cat([self.whole.mean((2, 3)), self.features.mean((2, 3))], dim=1)


class Eye(nn.Module):
    """Frames to a `Glance`."""

    def __init__(self, config: EyeConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        self.stem = nn.Conv2d(3 * 16, c.stem, 1)
        self.near = ResidualBlock(c.stem, temporal=False)
        self.to_fine = nn.Conv2d(4 * c.stem, c.fine, 1)
        self.fine = _blocks(c.fine, c.depth)
        self.to_coarse = nn.Conv2d(4 * c.fine, c.coarse, 1)
        self.coarse = _blocks(c.coarse, c.depth + 1)
        self.back = nn.Conv2d(c.coarse, 4 * c.fine, 1)
        self.both = _blocks(c.fine, 1)
        self.norm = ChannelNorm(c.fine)
        self.whole_norm = ChannelNorm(c.coarse)
        self.per_cell = nn.Conv2d(c.fine, 1 + BOX + sum(map(len, OF_A_THING.values())), 1)
        self.per_frame = nn.Linear(c.coarse, sum(map(len, OF_A_FRAME.values())))
        with torch.no_grad():
            self.per_cell.bias[0] = -4.0  # type: ignore[index]  # most cells hold no centre

    def settings(self) -> dict[str, int]:
        """What `EyeConfig` needs to build this network again."""
        return self.config.model_dump()

    def forward(self, frames: Tensor) -> Glance:
        """Look at `[n 3 h w]`; h and w are multiples of 16."""
        x = self.near(self.stem(F.pixel_unshuffle(frames, 4)))  # n stem h/4 w/4
        fine = self.fine(self.to_fine(F.pixel_unshuffle(x, 2)))  # n fine h/8 w/8
        coarse = self.coarse(self.to_coarse(F.pixel_unshuffle(fine, 2)))  # n coarse h/16 w/16
        x = self.both(fine + F.pixel_shuffle(self.back(coarse), 2))  # n fine h/8 w/8
        features, whole = self.norm(x), self.whole_norm(coarse)
        cells = self.per_cell(features)  # n answers h/8 w/8
        of_things = _split(cells[:, 1 + BOX :], OF_A_THING)
        of_frames = _split(self.per_frame(whole.mean((2, 3))), OF_A_FRAME)
        return Glance(
            centre=cells[:, 0],
            box=cells[:, 1 : 1 + BOX],
            of_things=of_things,
            of_frames=of_frames,
            features=features,
            whole=whole,
        )


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width, temporal=False) for _ in range(count)))


def _split(answers: Tensor, questions: Mapping[str, tuple[str, ...]]) -> dict[str, Tensor]:
    """Cut the answers' axis, the second one, into one part per question."""
    parts = torch.split(answers, [len(words) for words in questions.values()], dim=1)
    return dict(zip(questions, parts, strict=True))
