"""How a network's output becomes our velocity. In: x and its level. Out: the network's x; data minus noise.

Our path is (1 - s) data + s noise. Most networks share it up to a sign; a variance-preserving one
(sqrt(a) data + sqrt(1 - a) noise) sees the same point scaled: the line through both is the same line.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from kinora.flow.path import spread

TRAINED_STEPS = 1000


@runtime_checkable
class Coordinates(Protocol):
    """The two maps around a network call, and its clock."""

    def time(self, level: Tensor) -> Tensor:
        """Level -> the time the network was trained on."""
        ...

    def enter(self, x: Tensor, level: Tensor) -> Tensor:
        """Our `[f c h w]` -> the network's."""
        ...

    def leave(self, y: Tensor, output: Tensor, level: Tensor) -> Tensor:
        """The network's input and output -> data minus noise."""
        ...


@dataclass(frozen=True)
class Flow:
    """A rectified-flow network.

    Args:
        sign: of its output against data minus noise; most predict noise minus data.
        whole_steps: whether the published sampler hands it whole numbers of 1000 only.
        reversed_time: whether its clock starts at noise.
    """

    sign: int = -1
    whole_steps: bool = False
    reversed_time: bool = False

    def time(self, level: Tensor) -> Tensor:
        """0..1000."""
        time = TRAINED_STEPS * (1 - level if self.reversed_time else level)
        return time.trunc() if self.whole_steps else time

    def enter(self, x: Tensor, level: Tensor) -> Tensor:
        """The same point."""
        del level
        return x

    def leave(self, y: Tensor, output: Tensor, level: Tensor) -> Tensor:
        """The same velocity, turned."""
        del y, level
        return self.sign * output


@dataclass(frozen=True, eq=False)
class VariancePreserving:
    """A v-prediction network on a discrete schedule (Salimans and Ho 2022, arXiv:2202.00512).

    With s = sqrt(1-a) / (sqrt(a) + sqrt(1-a)), one deterministic DDIM step is one Euler step of ours.

    Args:
        levels: `[1000]` our level of each of its times, rising.
    """

    levels: Tensor

    def time(self, level: Tensor) -> Tensor:
        """Where `level` lies between the times of the table."""
        table = self.levels.to(level)
        above = torch.searchsorted(table, level.contiguous()).clamp(1, len(table) - 1)
        low, high = table[above - 1], table[above]
        return above - 1 + ((level - low) / (high - low)).clamp(0, 1)

    def enter(self, x: Tensor, level: Tensor) -> Tensor:
        """Divided by the length of (data share, noise share)."""
        return x / self._length(level, x)

    def leave(self, y: Tensor, output: Tensor, level: Tensor) -> Tensor:
        """From v to data minus noise."""
        s, length = spread(level, y), self._length(level, y)
        data_share, noise_share = (1 - s) / length, s / length
        data = data_share * y - noise_share * output
        noise = noise_share * y + data_share * output
        return data - noise

    @staticmethod
    def _length(level: Tensor, like: Tensor) -> Tensor:
        s = spread(level, like)
        return ((1 - s).square() + s.square()).sqrt()


def level_of(alphas: Tensor) -> Tensor:
    """Our level of a variance-preserving point with data share sqrt(alpha)."""
    data, noise = alphas.sqrt(), (1 - alphas).sqrt()
    return noise / (data + noise)
