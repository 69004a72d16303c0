"""Any picture at the size that the judge looks at. In: frames. Out: small frames in -1..1."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kinora.core.clip import Frames

AREA = 128 * 80
GRAIN = 16


def small_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of about `AREA` pixels and the same aspect, in multiples of `GRAIN`."""
    shrink = math.sqrt(AREA / (height * width))
    rows = max(1, round(height * shrink / GRAIN)) * GRAIN
    columns = max(1, round(width * shrink / GRAIN)) * GRAIN
    return rows, columns


def shrink(frames: Frames) -> Frames:
    """`[t h w 3]` uint8 averaged to the judge's size, still uint8."""
    size = small_size(*frames.shape[1:3])
    if frames.shape[1:3] == size:
        return frames
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    small = F.interpolate(pixels, size=size, mode="bilinear", antialias=True, align_corners=False)
    out: Frames = small.round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    return out


def to_input(small: Frames) -> Tensor:
    """`[t h w 3]` uint8 -> `[t 3 h w]` float in -1..1."""
    pixels = torch.from_numpy(np.ascontiguousarray(small))
    return pixels.permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
