"""What makes a published family itself. In: a folder's configs. Out: one frozen description of it.

Everything a family does not say here it shares with all others: see `model.OpenModel`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

from kinora.core.shape import LatentShape, Stride
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import Capabilities
from kinora.open_weights.codec import Codec
from kinora.open_weights.coordinates import Coordinates
from kinora.open_weights.shelf import Shelf

Words = Mapping[str, Tensor]
"""One prompt as keyword arguments of the network, batch of one."""


@dataclass(frozen=True, eq=False)
class Moment:
    """One network call: the canvas's latent `shape`, `time` `[f]` or `[f h w]`, the `rate` in frames/s."""

    shape: LatentShape
    time: Tensor
    rate: float


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a network is told of the known frames, once per canvas.

    Args:
        channels: `[f k h w]` joined to x, None for none.
        arguments: further keyword arguments.
    """

    channels: Tensor | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Schedule(Protocol):
    """`(steps, shape, shift) -> levels [steps + 1]`."""

    def __call__(self, *, steps: int, shape: LatentShape, shift: float | None) -> Tensor:
        """Levels from 1 to 0."""
        ...


@dataclass(frozen=True)
class Experts:
    """Two networks: `transformer` above the `boundary` level, `transformer_2` below it.

    Args:
        boundary: the level between them.
        guidance: the second one's guidance scale as a share of the first one's.
    """

    boundary: float
    guidance: float = 1.0


def nothing(shelf: Shelf, codec: Codec, canvas: Canvas) -> Prepared:
    """For networks that are told nothing of the known frames."""
    del shelf, codec, canvas
    return Prepared()


@dataclass(frozen=True, eq=False)
class Family:
    """A published model's private maps and declared capabilities.

    Args:
        name: of the family.
        stride: pixels to latents to tokens.
        channels: latent channels.
        capabilities: what it can do and likes.
        coordinates: its path and clock.
        layout: its input, as an einops pattern over f c h w.
        grain: the finest time it takes.
        read: prompts to words.
        arguments: the rest of a network call.
        schedule: its levels.
        codec: its video compression network, described.
        prepare: what it is told of known frames.
        experts: where it has two networks.
        embedded: whether the guidance scale is an input of the network; then a step is one pass.
        adapt: what is done to a transformer when it was loaded.
    """

    name: str
    stride: Stride
    channels: int
    capabilities: Capabilities
    coordinates: Coordinates
    layout: str
    grain: Literal["clip", "frame", "token"]
    read: Callable[[Shelf, Sequence[str]], Sequence[Words]]
    arguments: Callable[[Moment], Mapping[str, Any]]
    schedule: Schedule
    codec: Callable[[Shelf], Codec]
    prepare: Callable[[Shelf, Codec, Canvas], Prepared] = nothing
    experts: Experts | None = None
    embedded: bool = False
    adapt: Callable[[Any], None] | None = None


def only_time(moment: Moment) -> Mapping[str, Any]:
    """Networks that need the time and the words and nothing else."""
    del moment
    return {}
