"""A closer look at each thing. In: frames at their full size, and where things are. Out: surer answers.

The eye sees the whole picture small, where a glint or the print of teeth is a pixel. So each thing is cut
out of the frame itself and asked again what can be told from near.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from kinora.caption.answers import OF_A_THING
from kinora.caption.peaks import Peak
from kinora.core.clip import Frames
from kinora.nn.convolution import ResidualBlock
from kinora.nn.norm import ChannelNorm

SIDE = 48
"""Pixels along the side of a close-up."""
MARGIN = 1.3
"""Side of what is cut out, in the larger of a thing's width and height."""
LEAST = 20
"""Fewest pixels along the side of what is cut out."""
QUESTIONS = ("kind", "finish", "bites")
"""What is asked from near; size, place and colour are told as well from afar. The kind is asked of both: from
near a lump looks like an eye, from afar a cube like a cylinder."""


class CloserConfig(BaseModel):
    """Widths at 1/2, 1/4 and 1/8 of the side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    widths: tuple[int, int, int] = (24, 40, 64)


class Closer(nn.Module):
    """Close-ups `[n 3 SIDE SIDE]` in -1..1 to logits per question `[n answers]`."""

    def __init__(self, config: CloserConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.stem = nn.Conv2d(3 * 4, fine, 1)
        self.near = ResidualBlock(fine, temporal=False)
        self.to_middle = nn.Conv2d(4 * fine, middle, 1)
        self.middle = nn.Sequential(*(ResidualBlock(middle, temporal=False) for _ in range(2)))
        self.to_coarse = nn.Conv2d(4 * middle, coarse, 1)
        self.coarse = ResidualBlock(coarse, temporal=False)
        self.norm = ChannelNorm(coarse)
        self.answer = nn.Linear(2 * coarse, sum(len(OF_A_THING[name]) for name in QUESTIONS))

    def settings(self) -> dict[str, object]:
        """What `CloserConfig` needs to build this network again."""
        return self.config.model_dump()

    def forward(self, close: Tensor) -> Mapping[str, Tensor]:
        """Logits of every question."""
        x = self.near(self.stem(F.pixel_unshuffle(close, 2)))  # n fine 24 24
        x = self.middle(self.to_middle(F.pixel_unshuffle(x, 2)))  # n middle 12 12
        x = self.norm(self.coarse(self.to_coarse(F.pixel_unshuffle(x, 2))))  # n coarse 6 6
        # The mean tells what it is like, the largest whether there is a glint or a bite anywhere.
        said = self.answer(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))
        sizes = [len(OF_A_THING[name]) for name in QUESTIONS]
        return dict(zip(QUESTIONS, torch.split(said, sizes, dim=1), strict=True))


def close_ups(
    frames: Frames, at: Sequence[int], boxes: NDArray[np.floating], *,
    side: int = SIDE, margin: float = MARGIN, least: float = LEAST,
) -> Tensor:  # fmt: skip
    """Cut things out of frames, as squares of one size.

    Args:
        frames: `[t h w 3]` uint8.
        at: the frame of each of n things.
        boxes: `[n 4]` centre x, y, width and height in shares of the picture.
        side, margin, least: see `SIDE`, `MARGIN`, `LEAST`; `least` in pixels of a frame 256 wide.

    Returns:
        `[n 3 side side]` in -1..1; beyond the picture its edge goes on.
    """
    height, width = frames.shape[1:3]
    size = np.array([width, height, width, height])
    x, y, wide, tall = (boxes * size).T
    unit = np.sqrt(height * width / (256 * 160))
    half = np.maximum(margin * np.maximum(wide, tall), least * unit) / 2
    cut = []
    for frame, cx, cy, reach in zip(at, x, y, half, strict=True):
        pixels = torch.from_numpy(np.ascontiguousarray(frames[frame])).permute(2, 0, 1).float()
        cut.append(_square(pixels, cx, cy, reach, side))
    return torch.stack(cut).div(127.5).sub(1) if cut else torch.zeros(0, 3, side, side)


def _square(pixels: Tensor, x: float, y: float, reach: float, side: int) -> Tensor:
    """`[3 side side]` around a point, averaged where it shrinks."""
    left, top = round(x - reach), round(y - reach)
    length = max(2, round(2 * reach))
    height, width = pixels.shape[1:]
    rows = torch.arange(top, top + length).clamp(0, height - 1)
    columns = torch.arange(left, left + length).clamp(0, width - 1)
    part = pixels[:, rows][:, :, columns][None]
    out: Tensor = F.interpolate(
        part, size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )[0]
    return out


def _both(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """What both say: the geometric mean of their probabilities."""
    mean = np.sqrt(one) * np.sqrt(other)
    agreed: NDArray[np.float32] = mean / mean.sum()
    return agreed


@torch.inference_mode()
def looked_closer(
    closer: Closer, frames: Frames, found: Sequence[Sequence[Peak]]
) -> list[list[Peak]]:
    """The peaks of each of `frames` `[t h w 3]`, with the answers that are told better from near."""
    flat = [(t, peak) for t, peaks in enumerate(found) for peak in peaks]
    if not flat:
        return [list(peaks) for peaks in found]
    boxes = np.array([[p.spot.x, p.spot.y, p.spot.width, p.spot.height] for _, p in flat])
    said = closer(close_ups(frames, [t for t, _ in flat], boxes))
    answers = {name: logits.softmax(1).numpy() for name, logits in said.items()}
    closer_look: list[list[Peak]] = [[] for _ in found]
    for number, (t, peak) in enumerate(flat):
        own = {name: rows[number] for name, rows in answers.items()}
        own["kind"] = _both(own["kind"], peak.answers["kind"])
        spot = replace(peak.spot, bites=int(own["bites"].argmax()))
        closer_look[t].append(replace(peak, spot=spot, answers={**peak.answers, **own}))
    return closer_look
