"""Euler's method. Order 1, one evaluation a step."""

from torch import Tensor

from kinora.flow.path import spread
from kinora.flow.solver import Field


def euler(field: Field, x: Tensor, level: Tensor, next_level: Tensor) -> Tensor:
    """x + (level - next_level) v(x, level): the time t = 1 - level moves forward by the difference."""
    return x + spread(level - next_level, x) * field(x, level)
