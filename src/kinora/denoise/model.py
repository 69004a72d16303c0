"""What any film model offers. In: words, canvases, clips. Out: text states, velocities, latents, frames.

Our own bundle and published open weights both keep this interface, so every edit works on either, or
says why not: a capability that a model lacks is an error, never a silent approximation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.shape import Stride
from kinora.denoise.canvas import Canvas
from kinora.denoise.loop import Hold
from kinora.flow.solver import Field, Solver
from kinora.flow.solver.euler import euler


@dataclass(frozen=True)
class Capabilities:
    """What a model can do, and the settings it likes.

    Args:
        levels: the finest thing that may have a noise level of its own.
        hold: how known frames are kept.
        causal: whether it can stream with a memory.
        views: whether a canvas may hold several cameras.
        references: whether it was trained on frames outside time (characters).
        fps: the rate it was trained at.
        height, width: the size it was trained at.
        steps: solver steps of the presets draft, standard and best.
        guidance: default guidance scale; 1 means none.
        shift: default schedule shift; None where the model's own schedule follows the size.
        max_frames: video frames in one full-attention canvas, None for no limit.
        regions: whether a part of a frame can be held, by whatever way it holds.
        times: its frames are so many times as large as the sizes it is asked for.
        levels_trained: whether it was trained on mixed levels; accepting them is not the same.
        streams_only: whether it was taught to go on from what it made, and nothing else.
        solver: the integration step it was made for.
        worldly: whether what it shows is the simulated world, which the captioner knows and may judge.
    """

    levels: Literal["clip", "frame", "region"]
    hold: Hold
    causal: bool
    views: bool
    references: bool
    fps: float
    height: int
    width: int
    steps: tuple[int, int, int]
    guidance: float
    shift: float | None
    max_frames: int | None = None
    regions: bool = True
    levels_trained: bool = True
    times: int = 1
    streams_only: bool = False
    solver: Solver = euler
    worldly: bool = False

    def holding(self, canvas: Canvas) -> Hold:
        """How this canvas's known parts are kept: a region finer than the model's levels is re-noised."""
        finer = canvas.level.ndim == 3 and self.levels == "frame"
        return "renoise" if finer else self.hold


@dataclass(frozen=True)
class Read:
    """Prompts as the model heard them: opaque `states`, and the words it does `not_understood`."""

    states: Any
    not_understood: tuple[str, ...] = ()


@runtime_checkable
class FilmModel(Protocol):
    """The interface."""

    @property
    def name(self) -> str:
        """Model id."""
        ...

    @property
    def stride(self) -> Stride:
        """Pixels to latents to tokens."""
        ...

    @property
    def channels(self) -> int:
        """Latent channels."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        ...

    def checksums(self) -> dict[str, str]:
        """File name -> sha256 of every weights file, for the sidecar."""
        ...

    def read(self, prompts: Sequence[str], *, negative: str = "") -> Read:
        """Text states of all shots, and of what guidance pushes away from."""
        ...

    def schedule(self, canvas: Canvas, *, steps: int, shift: float | None) -> Tensor:
        """`steps + 1` levels from 1 to 0 that suit this canvas; `shift` None is the model's own."""
        ...

    def velocity(self, canvas: Canvas, text: Read, *, guidance: float) -> Field:
        """The velocity of this canvas's places and words; data minus noise, guidance applied."""
        ...

    def encode(self, clip: Clip) -> Tensor:
        """A clip of 1 + k * stride.time frames, sides multiples of stride.grain -> `[f c h w]`."""
        ...

    def decode(self, latents: Tensor) -> Iterator[Frames]:
        """`[f c h w]` -> frames `[t h w 3]`, in order, chunk by chunk, at constant memory."""
        ...
