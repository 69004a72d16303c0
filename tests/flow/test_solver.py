"""The theory of the solvers: their order of convergence by regression, or the law of what they draw."""

import math

import pytest
import torch
from torch import Tensor

from kinora.flow.schedule import levels
from kinora.flow.solver import Drawing, Solver
from kinora.flow.solver.anew import Anew
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


SPREAD = 0.3


def distilled(x: Tensor, level: Tensor) -> Tensor:
    """A field that points, from every level, at where the flow to data of spread 0.3 ends.

    At level s such points have the variance (1 - s)^2 0.3^2 + s^2, and the flow scales them to 0.3.
    """
    s = level[:, None, None, None]
    end = x * SPREAD / ((1 - s).square() * SPREAD**2 + s.square()).sqrt()
    return (end - x) / s


def spread_after(solver: Solver, steps: int) -> float:
    x, schedule = torch.randn(1, 1, 300, 300), levels(steps, amount=5.0)
    for here, there in zip(schedule[:-1], schedule[1:], strict=True):
        x = solver(distilled, x, here.expand(1), there.expand(1))
    return float(x.std())


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_noising_anew_keeps_the_law_of_the_data_after_any_number_of_steps(steps: int) -> None:
    torch.manual_seed(0)
    assert spread_after(Anew(seed=1), steps) == pytest.approx(SPREAD, rel=0.02)
    assert steps == 1 or spread_after(euler, steps) > 1.04 * SPREAD, "what Euler's method misses"


def test_noise_belongs_to_the_frame_and_its_level() -> None:
    assert isinstance(Anew(), Drawing)
    assert not isinstance(euler, Drawing)
    x = torch.zeros(4, 1, 64, 64)

    def drawn(solver: Solver, part: Tensor, level: float) -> Tensor:
        size = len(part)
        return solver(lambda y, _: y, part, torch.ones(size), torch.full((size,), level))

    whole = drawn(Anew().placed(seed=3, start=0), x, 0.5)
    assert torch.equal(whole[2:], drawn(Anew().placed(seed=3, start=2), x[2:], 0.5))
    for other in (drawn(Anew(4), x, 0.5), drawn(Anew(3), x, 0.25) * 2, drawn(Anew(3, 1), x, 0.5)):
        assert (whole - other).abs().mean() > 0.3
    assert float(whole.std()) == pytest.approx(0.5, rel=0.05)
