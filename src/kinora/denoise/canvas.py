"""The Canvas: latent frames, some known, the others dreamt. In: shapes and latents. Out: one frozen value.

f latent frames, c channels, h w positions. Everything Sora did is a canvas: see docs/path.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kinora.core.seed import torch_generator
from kinora.core.shape import LatentShape
from kinora.flow.path import point

OUTSIDE_TIME = -1.0e4
"""The time of a frame that is only looked at, such as a character reference."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """An ordered set of latent frames.

    Args:
        latents: `[f c h w]`; what is known, or zero where nothing is.
        level: noise level `[f]`, or `[f h w]` by region: 0 hold, 1 dream, between rework this much.
        time: `[f]` seconds at which each latent frame ends; `OUTSIDE_TIME` for references.
        view: `[f]` which camera, an integer.
        text: `[f]` which of the shots' text states each frame listens to, an integer.
    """

    latents: Tensor
    level: Tensor
    time: Tensor
    view: Tensor
    text: Tensor

    def __post_init__(self) -> None:
        frames, _, height, width = self.latents.shape
        assert self.level.shape in {(frames,), (frames, height, width)}, self.level.shape
        for name in ("time", "view", "text"):
            assert getattr(self, name).shape == (frames,), name
        assert ((self.level >= 0) & (self.level <= 1)).all(), "levels lie in 0..1"

    def __len__(self) -> int:
        return int(self.latents.shape[0])

    def __getitem__(self, index: slice | Tensor) -> "Canvas":
        return Canvas(
            latents=self.latents[index],
            level=self.level[index],
            time=self.time[index],
            view=self.view[index],
            text=self.text[index],
        )

    def with_(self, **changes: Tensor) -> "Canvas":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def inside(self) -> "Canvas":
        """The frames of the film itself."""
        return self[self.time > OUTSIDE_TIME]

    def outside(self) -> "Canvas":
        """The frames that are only looked at."""
        return self[self.time <= OUTSIDE_TIME]

    def split(self, frames: int) -> list["Canvas"]:
        """Consecutive canvases of at most `frames` frames."""
        return [self[start : start + frames] for start in range(0, len(self), frames)]

    def frame_level(self) -> Tensor:
        """`[f]`: the highest level in each frame."""
        return self.level if self.level.ndim == 1 else self.level.amax((-2, -1))

    def region_level(self) -> Tensor:
        """`[f h w]`: the level at every position."""
        if self.level.ndim == 3:
            return self.level
        _, _, height, width = self.latents.shape
        return self.level[:, None, None].expand(-1, height, width)

    def noise(self, seed: int, *, start: int = 0) -> Tensor:
        """`[f c h w]` standard normal noise, a stream of its own for every frame.

        Frame i of a film gets the same noise whether the film is made at once or in chunks.

        Args:
            seed: the seed of the film.
            start: the number in the film of this canvas's first frame.
        """
        shape = self.latents.shape[1:]
        frames = [
            torch.randn(shape, generator=torch_generator(seed, "noise", start + i))
            for i in range(len(self))
        ]
        return torch.stack(frames).to(self.latents)

    def noised(self, noise: Tensor) -> Tensor:
        """`[f c h w]`: every frame at its own level; a held frame comes out bit-identical."""
        return point(self.latents, noise, self.level)


def blank(shape: LatentShape, *, channels: int, step: float, start: float = 0.0) -> Canvas:
    """A canvas on which everything is still to be dreamt.

    Args:
        shape: its latent size.
        channels: latent channels of the model.
        step: seconds between two latent frames.
        start: time of the first one.
    """
    frames = shape.frames
    return Canvas(
        latents=torch.zeros(frames, channels, shape.height, shape.width),
        level=torch.ones(frames),
        time=start + step * torch.arange(frames, dtype=torch.float32),
        view=torch.zeros(frames, dtype=torch.long),
        text=torch.zeros(frames, dtype=torch.long),
    )


def join(canvases: Sequence[Canvas]) -> Canvas:
    """Several canvases as one, in the given order; region levels where any part has them."""
    by_region = any(canvas.level.ndim == 3 for canvas in canvases)
    level = [c.region_level() if by_region else c.level for c in canvases]
    return Canvas(
        latents=torch.cat([c.latents for c in canvases]),
        level=torch.cat(level),
        time=torch.cat([c.time for c in canvases]),
        view=torch.cat([c.view for c in canvases]),
        text=torch.cat([c.text for c in canvases]),
    )
