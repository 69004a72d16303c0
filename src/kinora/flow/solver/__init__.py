"""One integration step of dx/dt = v, one method a file. In: x at a level. Out: x at the next, lower level."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import Tensor

Field = Callable[[Tensor, Tensor], Tensor]
"""`(x [f c h w], level [f] or [f h w]) -> velocity [f c h w]`, pointing from noise to data."""

Solver = Callable[[Field, Tensor, Tensor, Tensor], Tensor]
"""`(field, x, level, next_level) -> x at next_level`."""


@runtime_checkable
class Drawing(Protocol):
    """A method that draws noise as it goes, and must know of which film and frames."""

    def placed(self, *, seed: int, start: int) -> Solver:
        """The solver for frame `start` and those behind it, of the film with this seed."""
        ...


def placed(solver: Solver, *, seed: int, start: int) -> Solver:
    """The solver for these frames if it draws noise; any other as it is."""
    method: object = solver
    return method.placed(seed=seed, start=start) if isinstance(method, Drawing) else solver
