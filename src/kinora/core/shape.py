"""All pixel, latent and token arithmetic. In: what a user asks for. Out: sizes a model can make.

Nobody else writes `(n - 1) // 4 + 1`. A latent frame spans `stride.time` video frames, the first
of a clip spans one, because the video compression network is causal in time.
"""

import math
from dataclasses import dataclass

from kinora.core.errors import UsageError

MAX_SIDE = 4096
MAX_SECONDS = 3600.0


@dataclass(frozen=True)
class PixelShape:
    """A clip's size: `frames` video frames of `height` x `width` pixels."""

    frames: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.frames}"


@dataclass(frozen=True)
class LatentShape:
    """A latent clip's size: `frames` latent frames of `height` x `width` positions."""

    frames: int
    height: int
    width: int


@dataclass(frozen=True)
class Stride:
    """How pixels, latents and tokens relate.

    Args:
        time: video frames in a latent frame (the first one has a single frame).
        space: pixels along the side of a latent position.
        patch: latent positions along the side of a token.
        beat: after the first, latent frames come in groups of this many.
        depth: latent frames in a token.
    """

    time: int = 4
    space: int = 16
    patch: int = 2
    beat: int = 1
    depth: int = 1

    def lead(self, latent_frames: int) -> int:
        """Latent frames that are put in front of so many, to make whole tokens of them."""
        return -latent_frames % self.depth

    @property
    def grain(self) -> int:
        """Pixel sizes are multiples of this."""
        return self.space * self.patch

    def latent_frames(self, frames: int) -> int:
        """Latent frames of a clip of `frames` video frames; `frames` must be 1 + k * time."""
        assert frames >= 1, frames
        assert (frames - 1) % self.time == 0, frames
        return (frames - 1) // self.time + 1

    def pixel_frames(self, latent_frames: int) -> int:
        """Video frames of a clip of `latent_frames` latent frames."""
        assert latent_frames >= 1, latent_frames
        return (latent_frames - 1) * self.time + 1

    def latent(self, shape: PixelShape) -> LatentShape:
        """The latent size of a clip whose sides are multiples of `space`."""
        assert shape.height % self.space == 0, shape
        assert shape.width % self.space == 0, shape
        return LatentShape(
            self.latent_frames(shape.frames), shape.height // self.space, shape.width // self.space
        )

    def pixels(self, shape: LatentShape) -> PixelShape:
        """The clip size of a latent size."""
        return PixelShape(
            self.pixel_frames(shape.frames), shape.height * self.space, shape.width * self.space
        )

    def snap_frames(self, frames: float) -> int:
        """The nearest possible number of video frames, at least one."""
        beats = max(0, round((frames - 1) / (self.time * self.beat)))
        return self.pixel_frames(beats * self.beat + 1)

    def frames_for(self, frames: int) -> int:
        """The smallest possible number of video frames that is no less than `frames`."""
        beats = math.ceil((frames - 1) / (self.time * self.beat))
        return self.pixel_frames(beats * self.beat + 1)

    def snap_side(self, side: int) -> int:
        """The nearest possible side in pixels, at least one grain."""
        return max(1, round(side / self.grain)) * self.grain

    def snap(self, shape: PixelShape) -> PixelShape:
        """The nearest size that can be made."""
        return PixelShape(
            self.snap_frames(shape.frames),
            self.snap_side(shape.height),
            self.snap_side(shape.width),
        )


def parse_size(text: str) -> tuple[int, int]:
    """`"256x160"` -> `(height, width)` = `(160, 256)`; raises `UsageError` for anything else."""
    remedy = "Write WIDTHxHEIGHT in pixels, for example 256x160"
    width, cross, height = text.lower().partition("x")
    if not (cross and width.strip().isdigit() and height.strip().isdigit()):
        raise UsageError(f"'{text}' is not a size", remedy=remedy)
    return check_size(int(height), int(width))


def check_size(height: int, width: int) -> tuple[int, int]:
    """The size itself if its sides lie in 16..4096 pixels, else `UsageError`."""
    if not (16 <= height <= MAX_SIDE and 16 <= width <= MAX_SIDE):
        raise UsageError(
            f"size {width}x{height} is out of range",
            why=f"each side must be 16 to {MAX_SIDE} pixels",
            remedy="Try 256x160",
        )
    return height, width


def check_seconds(seconds: float) -> float:
    """The duration itself if it lies in (0, 3600], else `UsageError`."""
    if not 0 < seconds <= MAX_SECONDS:
        raise UsageError(
            f"a film of {seconds:g} seconds cannot be made",
            why=f"the duration must be more than 0 and at most {MAX_SECONDS:g} seconds",
            remedy="Try --seconds 4",
        )
    return seconds
