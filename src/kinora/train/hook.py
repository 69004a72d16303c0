"""Named moments of a run. In: the run as it is. Out: whatever a hook does (samples, gates, plots)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn


@dataclass(frozen=True, eq=False)
class Moment:
    """What a hook may look at.

    Args:
        step: finished steps.
        seconds: spent learning, over all resumed parts.
        folder: where the run keeps its files.
        average: the averaged networks.
    """

    step: int
    seconds: float
    folder: Path
    average: nn.ModuleDict


class Hook:
    """Override what you need; every method is empty here."""

    def at_start(self, moment: Moment) -> None:
        """Before the first step of this part."""

    def after_step(self, moment: Moment, metrics: Mapping[str, float]) -> None:
        """After every step; `metrics` as they go into the log."""

    def at_checkpoint(self, moment: Moment) -> None:
        """Just after a checkpoint was written."""

    def at_end(self, moment: Moment) -> None:
        """After the last step."""
