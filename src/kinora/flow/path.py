"""The rectified-flow path. In: data, noise, a level. Out: a point on the straight line and its velocity.

Liu et al. 2022 (arXiv:2209.03003), Lipman et al. 2022 (arXiv:2210.02747). The level may differ for
every latent frame or position (diffusion forcing, arXiv:2407.01392).
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class PathSample:
    """A point on the path: `x` at `level`, and the `velocity` x1 - x0 that the network learns."""

    x: Tensor
    level: Tensor
    velocity: Tensor


def spread(level: Tensor, like: Tensor) -> Tensor:
    """A level per frame `[... f]` or per position `[... f h w]`, ready to multiply `like` `[... f c h w]`."""
    frames = like.ndim - 3
    if level.ndim == frames:
        return level[..., None, None, None]
    return level.unsqueeze(frames)


def point(data: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """(1 - level) data + level noise, exact where the level is 0 or 1."""
    s = spread(level, data)
    return data + s * (noise - data)


def sample_path(data: Tensor, noise: Tensor, level: Tensor) -> PathSample:
    """The point at `level` and its constant velocity."""
    return PathSample(x=point(data, noise, level), level=level, velocity=data - noise)


def to_data(x: Tensor, velocity: Tensor, level: Tensor) -> Tensor:
    """Where the straight line from `x` ends: the estimate of the clean data."""
    return x + spread(level, x) * velocity
