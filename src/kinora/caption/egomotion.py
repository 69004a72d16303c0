"""How a camera moves between neighbouring frames. In: small frames. Out: turns and ways, frame by frame.

The picture is taken for a level ground under a horizon and a sky without end. Then the flow of every
pixel is linear in the camera's motion (Longuet-Higgins and Prazdny 1980, Proc. R. Soc. B 208), and the
motion is what explains the change of brightness best: Gauss-Newton from coarse to fine (Lucas and Kanade
1981), pixels that it cannot explain weighted down, the places of things left out.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from kinora.caption.facts import Spot
from kinora.caption.glimpse import shrink
from kinora.core.clip import Frames

MOTIONS = ("turn", "tilt", "across", "up", "ahead")
"""Radians a frame to the right and downwards; shares of the way to the stage a frame."""

FOCAL, HORIZON, STAGE = 1.1, 0.35, 0.7
"""Of the world's cameras: focal length over the square root of the area; rows, 0 top and 1 bottom."""
ROUNDS = 4
STARTS = (
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (-0.027, 0.0, 0.027, 0.0, 0.0),
    (0.027, 0.0, -0.027, 0.0, 0.0),
    (-0.009, 0.0, 0.0, 0.0, 0.0),
    (0.009, 0.0, 0.0, 0.0, 0.0),
)
"""Motions from which the search begins at the coarse sizes, as patterns on the ground repeat themselves."""
ODD = 0.15
"""Change of brightness, in standard deviations of the picture, that counts half."""
CALM = 1e-3
"""Share of the mean curvature that is added to all, so that a picture without texture moves nothing."""
ROOM = 1.3
"""Times its own size that is left out around a thing."""


@torch.inference_mode()
def egomotion(frames: Frames, spots: Sequence[Sequence[Spot]] = ()) -> Tensor:
    """The camera's motion over all steps of a shot, taken for an even one.

    Args:
        frames: `[t h w 3]` of any size, two at least.
        spots: the things of each frame, which move for themselves.

    Returns:
        `[5]`: `MOTIONS` per frame.
    """
    pixels = torch.from_numpy(shrink(frames)).float().mean(-1)[:, None]
    pixels = pixels / pixels.std().clamp_min(1.0)
    free = _free(spots, *pixels.shape[-2:], count=len(pixels))
    started = []
    for start in STARTS:
        guess, error = _fitted(pixels, free, torch.tensor(start), levels=(3, 2))
        started.append((error, guess))
    _, guess = min(started, key=lambda each: each[0])
    motion, _ = _fitted(pixels, free, guess, levels=(1, 0))
    return motion


def _fitted(
    pixels: Tensor, free: Tensor, motion: Tensor, *, levels: Sequence[int]
) -> tuple[Tensor, float]:
    """The motion after some rounds from coarse to fine, and the error that it leaves at the last."""
    for level in levels:
        small = F.avg_pool2d(pixels, 2**level) if level else pixels
        weight = F.avg_pool2d(free, 2**level) if level else free
        basis = flows(*small.shape[-2:])
        for _ in range(ROUNDS):
            step, error = _step(small, weight, basis, motion)
            motion = motion + step
    return motion, error


def flows(height: int, width: int) -> Tensor:
    """`[5 2 h w]`: where each motion takes every pixel, in columns and rows."""
    focal = FOCAL * math.sqrt(height * width)
    columns = (torch.arange(width) + 0.5 - width / 2) / focal
    rows = (torch.arange(height) + 0.5 - height / 2) / focal
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    horizon, stage = ((row - 0.5) * height / focal for row in (HORIZON, STAGE))
    near = ((y - horizon) / (stage - horizon)).clamp_min(0)
    none = torch.zeros_like(near)
    moved = [
        (-(1 + x * x), -x * y),
        (-x * y, -(1 + y * y)),
        (-near, none),
        (none, near),
        (near * x, near * y),
    ]
    return focal * torch.stack([torch.stack(pair) for pair in moved])


def _step(frames: Tensor, weight: Tensor, basis: Tensor, motion: Tensor) -> tuple[Tensor, float]:
    """One Gauss-Newton step over all pairs of neighbours, and the error before it."""
    before, after = frames[:-1], frames[1:]
    flow = torch.einsum("k,kdhw->dhw", motion, basis)
    moved, inside = _pull(after, flow)
    change = (moved - before)[:, 0]
    trust = weight[:-1, 0] * weight[1:, 0] * inside
    seen = trust.sum().clamp_min(1.0)
    error = float(((change / (change.abs() + ODD)).square() * trust).sum() / seen)
    trust = trust / (1 + (change / ODD).square()).square()
    slope_x, slope_y = _slopes(moved)
    lean = slope_x[:, None] * basis[None, :, 0] + slope_y[:, None] * basis[None, :, 1]
    weighted = lean * trust[:, None]
    curve = torch.einsum("nkhw,nlhw->kl", weighted, lean)
    pull = torch.einsum("nkhw,nhw->k", weighted, change)
    size = curve.diagonal()
    calm = torch.diag(CALM * (size.mean() + size) + 1e-6)
    return torch.linalg.solve(curve + calm, -pull), error


def _pull(frames: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
    """Frames `[n 1 h w]` at the places that the flow `[2 h w]` points to, and which of these are inside."""
    height, width = frames.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    column, row = x + flow[0], y + flow[1]
    at = torch.stack([2 * column / (width - 1) - 1, 2 * row / (height - 1) - 1], dim=-1)
    places = at.expand(len(frames), -1, -1, -1)
    pulled = F.grid_sample(frames, places, padding_mode="border", align_corners=True)
    return pulled, (at.abs() <= 1).all(-1).float()


def _slopes(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Change per column and per row of `[n 1 h w]`."""
    padded = F.pad(frames, (1, 1, 1, 1), mode="replicate")[:, 0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    return across, down


def _free(spots: Sequence[Sequence[Spot]], height: int, width: int, *, count: int) -> Tensor:
    """`[t 1 h w]`: 1 where no thing is."""
    free = torch.ones(count, 1, height, width)
    for frame, found in enumerate(spots):
        for spot in found:
            half_x, half_y = ROOM * spot.width / 2, ROOM * spot.height / 2
            left, right = round((spot.x - half_x) * width), round((spot.x + half_x) * width)
            top, bottom = round((spot.y - half_y) * height), round((spot.y + half_y) * height)
            free[frame, 0, max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 0
    return free
