"""Conditions: what is known, as small frozen values. In: a canvas. Out: a canvas.

Each says one thing about some frames; an edit is a handful of them applied one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from kinora.denoise.canvas import OUTSIDE_TIME, Canvas, join


@runtime_checkable
class Condition(Protocol):
    """Anything with `apply(canvas) -> canvas`."""

    def apply(self, canvas: Canvas) -> Canvas:
        """The canvas with this condition on it."""
        ...


def apply_all(canvas: Canvas, conditions: Sequence[Condition]) -> Canvas:
    """All conditions, in order."""
    for condition in conditions:
        canvas = condition.apply(canvas)
    return canvas


def _put(canvas: Canvas, latents: Tensor, at: int, level: float | Tensor) -> Canvas:
    """Latents `[n c h w]` written from frame `at` on, at `level`."""
    count = len(latents)
    assert 0 <= at <= len(canvas) - count, (at, count, len(canvas))
    content, levels = canvas.latents.clone(), canvas.level.clone()
    content[at : at + count] = latents.to(content)
    levels[at : at + count] = level
    return canvas.with_(latents=content, level=levels)


@dataclass(frozen=True, eq=False)
class Hold:
    """Latents `[n c h w]` that stay as they are, from latent frame `at` on."""

    latents: Tensor
    at: int = 0

    def apply(self, canvas: Canvas) -> Canvas:
        """Written in, at level 0."""
        return _put(canvas, self.latents, self.at, 0.0)


@dataclass(frozen=True, eq=False)
class Strength:
    """Every frame of `latents` `[n c h w]` reworked by `strength` in 0..1, from frame `at` on."""

    latents: Tensor
    strength: float
    at: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.strength <= 1, self.strength

    def apply(self, canvas: Canvas) -> Canvas:
        """Written in, at level `strength`."""
        return _put(canvas, self.latents, self.at, self.strength)


@dataclass(frozen=True, eq=False)
class Keyframe:
    """One picture's latent `[c h w]`, held at the latent frame nearest to `seconds`."""

    latent: Tensor
    seconds: float

    def apply(self, canvas: Canvas) -> Canvas:
        """Written in at the nearest time, at level 0."""
        nearest = int(torch.argmin((canvas.time - self.seconds).abs()))
        return _put(canvas, self.latent[None], nearest, 0.0)


@dataclass(frozen=True, eq=False)
class Region:
    """Dream only where `mask` `[h w]` is 1, in frames `start` to `stop`; hold the rest of them."""

    mask: Tensor
    start: int = 0
    stop: int | None = None

    def apply(self, canvas: Canvas) -> Canvas:
        """Levels multiplied by the mask."""
        level = canvas.region_level().clone()
        level[self.start : self.stop] = torch.where(
            self.mask > 0, self.mask.to(level), torch.zeros_like(level[self.start : self.stop])
        )
        return canvas.with_(level=level)


@dataclass(frozen=True)
class Words:
    """Frames `start` to `stop` listen to the text states of shot `text`."""

    text: int
    start: int = 0
    stop: int | None = None

    def apply(self, canvas: Canvas) -> Canvas:
        """The text index changed there."""
        text = canvas.text.clone()
        text[self.start : self.stop] = self.text
        return canvas.with_(text=text)


@dataclass(frozen=True)
class View:
    """Frames `start` to `stop` are seen by camera `view`."""

    view: int
    start: int = 0
    stop: int | None = None

    def apply(self, canvas: Canvas) -> Canvas:
        """The view index changed there."""
        view = canvas.view.clone()
        view[self.start : self.stop] = self.view
        return canvas.with_(view=view)


@dataclass(frozen=True, eq=False)
class Reference:
    """Latents `[n c h w]` that every frame may look at and none is: a character, outside time."""

    latents: Tensor

    def apply(self, canvas: Canvas) -> Canvas:
        """Held frames put behind the canvas, so that the numbers of its own frames stay."""
        count = len(self.latents)
        zeros = torch.zeros(count, dtype=torch.long)
        held = Canvas(
            latents=self.latents.to(canvas.latents),
            level=torch.zeros(count),
            time=torch.full((count,), OUTSIDE_TIME),
            view=zeros,
            text=zeros,
        )
        return join([canvas, held])
