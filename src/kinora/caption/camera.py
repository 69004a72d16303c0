"""What the camera does. In: frames, the things in them. Out: shots between cuts, each with its move.

Classical throughout: a cut is a step at which more of the picture changes than at the steps around it, and
a move is read off the motion that explains a shot best, see `egomotion`.
"""

from collections.abc import Sequence

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray

from kinora.caption.answers import UNKNOWN
from kinora.caption.egomotion import egomotion
from kinora.caption.facts import SURE_ENOUGH, Answer, SeenShot, Spot
from kinora.caption.glimpse import shrink, to_input
from kinora.caption.tuned import Tuned
from kinora.core.clip import Frames

NOTICED = 10 / 127.5
"""Change of a channel from which on a pixel has changed; full scale is 2."""
AROUND = 3
"""Steps on either side that say what is usual."""
SLACK = 0.02
SHORTEST = 3
"""Frames below which no move can be told."""


def shots(
    frames: Frames, spots: Sequence[Sequence[Spot]], *, fps: float, tuned: Tuned
) -> tuple[SeenShot, ...]:
    """The shots of a clip, in order.

    Args:
        frames: `[t h w 3]`.
        spots: the things of each frame, whose own motion must not count.
        fps: frames a second.
        tuned: what was fitted on renders.
    """
    if not tuned.moves:
        return ()
    sure = [tuned.cut_here(told) for told in jumps(frames)]
    starts = [0, *(step + 1 for step, share in enumerate(sure) if share >= SURE_ENOUGH)]
    found = []
    for first, stop in zip(starts, [*starts[1:], len(frames)], strict=True):
        move = _move(frames[first:stop], spots[first:stop], fps, tuned)
        found.append(SeenShot(first, stop, move, cut=sure[first - 1] if first else 1.0))
    return tuple(found)


def jumps(frames: Frames) -> NDArray[np.float64]:
    """`[t-1 3]` about every step: how its change stands out, how much changes, how the colours do.

    The first and the third are logarithms of ratios to the largest of the steps around.
    """
    pixels = to_input(shrink(frames))
    apart = (pixels[1:] - pixels[:-1]).abs().amax(1)
    changed = (apart > NOTICED).double().mean((1, 2)).numpy()
    coarse = F.avg_pool2d(pixels, 8)
    colours = (coarse[1:] - coarse[:-1]).abs().double().mean((1, 2, 3)).numpy()
    return np.stack([_over_usual(changed), changed, _over_usual(colours)], axis=1)


def _over_usual(values: NDArray[np.float64]) -> NDArray[np.float64]:
    usual = [
        max([*values[max(0, at - AROUND) : at], *values[at + 1 : at + 1 + AROUND]], default=0.0)
        for at in range(len(values))
    ]
    ratio: NDArray[np.float64] = np.log((values + SLACK) / (np.array(usual) + SLACK))
    return ratio


def _move(frames: Frames, spots: Sequence[Sequence[Spot]], fps: float, tuned: Tuned) -> Answer:
    """The likeliest move of one shot; unknown if it is too short."""
    if len(frames) < SHORTEST:
        return Answer(UNKNOWN, 0.0)
    odds = tuned.moved(egomotion(frames, spots).double().numpy() * fps)
    word, sure = max(odds.items(), key=lambda each: each[1])
    return Answer(word, tuned.honest("camera", sure))


def by_frame(found: Sequence[Sequence[Spot]], *, count: int) -> list[list[Spot]]:
    """The tracks' spots frame by frame, for `count` frames."""
    frames: list[list[Spot]] = [[] for _ in range(count)]
    for spots in found:
        for spot in spots:
            frames[spot.frame].append(spot)
    return frames
