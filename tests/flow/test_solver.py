"""The theory of the solvers: their order of convergence, by regression."""

import math

import pytest
import torch
from torch import Tensor

from kinora.flow.schedule import levels
from kinora.flow.solver import Solver
from kinora.flow.solver.euler import euler
from kinora.flow.solver.heun import heun


def growth(x: Tensor, level: Tensor) -> Tensor:
    """dx/dt = x cos(3t), t = 1 - level; x(1) = x(0) exp(sin(3) / 3)."""
    return x * torch.cos(3 * (1 - level))[:, None, None, None]


def error(solver: Solver, steps: int) -> float:
    x = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    schedule = levels(steps).double()
    for here, there in zip(schedule[:-1], schedule[1:], strict=True):
        x = solver(growth, x, here.expand(1), there.expand(1))
    return abs(float(x) - math.exp(math.sin(3) / 3))


@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (heun, 2)])
def test_the_error_falls_with_the_solvers_order(solver: Solver, order: int) -> None:
    counts = [16, 32, 64, 128]
    x = torch.log2(torch.tensor([float(n) for n in counts]))
    y = torch.log2(torch.tensor([error(solver, n) for n in counts]))
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    assert float(-slope) == pytest.approx(order, abs=0.3)


@pytest.mark.parametrize("solver", [euler, heun])
def test_a_constant_velocity_is_solved_in_one_step(solver: Solver) -> None:
    data, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    x = solver(lambda _, __: data - noise, noise, torch.ones(2), torch.zeros(2))
    assert torch.allclose(x, data, atol=1e-6)
