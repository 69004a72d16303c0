"""The words of an estimate. In: what was counted. Out: stages, their sum, which placement fits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kinora.core.cost import Cost
from kinora.core.errors import OutOfMemoryError
from kinora.core.machine import Machine
from kinora.core.shape import PixelShape
from kinora.open_weights.hub import gigabytes
from kinora.open_weights.quantised import Weights
from kinora.open_weights.shelf import Plan


@dataclass(frozen=True)
class Wish:
    """What is asked of a model.

    Args:
        shape: a size it can make.
        steps: solver steps.
        guidance: 1 halves the passes.
        whole: whether all frames are in memory in the end, or only those that are about to be written.
        devices: how many share the transformer's work.
    """

    shape: PixelShape
    steps: int
    guidance: float
    whole: bool = True
    devices: int = 1

    @property
    def passes(self) -> int:
        """Network calls a step."""
        return 1 if self.guidance == 1 else 2


@dataclass(frozen=True)
class Stage:
    """One station of a film.

    Args:
        name: of the station.
        seconds: how long.
        weights: bytes of its networks.
        working: bytes beside them.
        group: bytes of its weights that must be there at once if blocks come and go.
    """

    name: str
    seconds: float
    weights: int
    working: int
    group: int


@dataclass(frozen=True)
class Estimate:
    """Stages of a film.

    Args:
        model: its name.
        shape: as asked.
        steps: as asked.
        stages: in order.
        together: whether the networks share their memory for good, whatever the plan.
        weights: how the transformer holds its linear ones.
    """

    model: str
    shape: PixelShape
    steps: int
    stages: tuple[Stage, ...]
    together: bool = False
    weights: Weights = "whole"

    @property
    def seconds(self) -> float:
        """From words to frames."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def largest(self) -> Stage:
        """The stage that needs most when networks come one after the other."""
        return max(self.stages, key=lambda stage: stage.weights + stage.working)

    def peak(self, plan: Plan = "sequential") -> int:
        """Bytes at the worst moment: `resident` all networks at once, `sequential` each in its stage,
        `offload` the transformer by blocks."""
        if plan == "resident" or self.together:
            held = sum(stage.weights for stage in self.stages)
            return held + max(stage.working for stage in self.stages)
        by_group = plan == "offload"
        return max(
            (stage.group if by_group else stage.weights) + stage.working for stage in self.stages
        )

    def plan(self, machine: Machine) -> Plan | None:
        """The fastest placement that fits, None where none does."""
        return next((plan for plan in plans(machine) if self.peak(plan) <= machine.memory), None)


def plans(machine: Machine) -> tuple[Plan, ...]:
    """The placements that a machine has, the fastest first."""
    there: tuple[Plan, ...] = ("resident", "sequential")
    # A processor has nowhere to put what it does not need now.
    return there if machine.device == "cpu" else (*there, "offload")


def stage(
    name: str, cost: Cost, machine: Machine, *, weights: int, group: int | None = None
) -> Stage:
    """A stage from what was counted."""
    whole = weights if group is None else group
    working = cost.held if machine.device == "cpu" else cost.peak
    seconds = machine.seconds(cost) + working / machine.fresh  # each byte is touched a first time
    return Stage(name, seconds, weights, working, whole)


def check_fits(
    ways: Iterable[Estimate], machine: Machine, *, again: Callable[[PixelShape], Iterable[Estimate]]
) -> tuple[Estimate, Plan]:
    """The first way that fits, and its fastest placement; those behind it are not asked for.

    Args:
        ways: the film that was asked for, with whole weights first; at least one.
        machine: where.
        again: predicts another size.

    Raises:
        OutOfMemoryError: none does; with the largest size of the same shape that would, if there is one.
    """
    for predicted in ways:
        if plan := predicted.plan(machine):
            return predicted, plan
    smaller = _smaller(predicted.shape)
    fitting = next((s for s in smaller if any(way.plan(machine) for way in again(s))), None)
    quantised = "" if predicted.weights == "whole" else f" with weights in {predicted.weights}"
    raise OutOfMemoryError(
        f"{predicted.model} at {predicted.shape} needs {gigabytes(predicted.peak())}{quantised}",
        why=f"{machine.device} has {gigabytes(machine.memory)}; "
        f"the largest stage is {predicted.largest.name}",
        remedy=f"This would fit: {fitting}" if fitting else "Use a smaller model",
    )


def _smaller(shape: PixelShape) -> list[PixelShape]:
    """Half and a quarter of the frames, then half the sides too."""
    frames = [(shape.frames - 1) // 16 * 8 + 1, (shape.frames - 1) // 32 * 8 + 1]
    high, wide = shape.height // 64 * 32, shape.width // 64 * 32
    whole = [PixelShape(count, shape.height, shape.width) for count in frames]
    halves = [PixelShape(count, high, wide) for count in (shape.frames, *frames)]
    return [each for each in (*whole, *halves) if min(each.height, each.width) >= 32]
