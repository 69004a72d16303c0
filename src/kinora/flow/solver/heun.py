"""Heun's method. Order 2, two evaluations a step (Karras et al. 2022, arXiv:2206.00364)."""

from torch import Tensor

from kinora.flow.path import spread
from kinora.flow.solver import Field


def heun(field: Field, x: Tensor, level: Tensor, next_level: Tensor) -> Tensor:
    """The mean of the velocities at both ends of an Euler step."""
    width = spread(level - next_level, x)
    here = field(x, level)
    there = field(x + width * here, next_level)
    return x + width * (here + there) / 2
