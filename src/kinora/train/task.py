"""What can be learnt. In: a step number. Out: a loss. A task holds its networks and its data."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """Everything the loop must know.

    A batch depends on the step number alone, never on what happened before: that makes a resumed run
    the same as one that was never stopped.
    """

    networks: nn.ModuleDict
    """The networks that learn."""

    def batch(self, step: int) -> Any:
        """The examples of this step, on the device."""
        ...

    def loss(self, batch: Any, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss, and its parts for the log."""
        ...
