"""Where new frames meet old ones. In: latents around a seam and the true frames. Out: frames without a jump.

New frames are decoded with the decoder's memory of what precedes them. What the decoder draws of the
neighbouring old frame differs a little from that frame itself; this difference fades over a few frames, and
so does a dreamt step that is larger than the old frames' own.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.denoise.model import FilmModel
from kinora.denoise.stream import WARM, decode_after

EASE = 4
"""Video frames over which the difference at a seam fades."""

LIVELY = 95
"""Percentile of the old frames' own steps that no step at a seam exceeds."""


def between(
    model: FilmModel,
    new: Tensor,
    *,
    before: Tensor | None = None,
    after: Tensor | None = None,
    leaving: Frames | None = None,
    landing: Frames | None = None,
    own: Sequence[Frames] = (),
    arriving: float = LIVELY,
    on_progress: OnProgress = silent,
) -> Frames:
    """Decode `new` so that it leaves and lands without a jump.

    Args:
        model: decodes.
        new: latents `[f c h w]`.
        before: latents that precede them, at least one, or None at the start of a clip.
        after: latents that follow, or None if the last frame of `new` is itself the landing.
        leaving: `[h w 3]`, the true last frame of `before`.
        landing: `[h w 3]`, the true frame that follows, or that the last frame of `new` becomes.
        own: the clips `[t h w 3]` around the seams: how far their frames are apart is how far a seam may step.
        arriving: percentile of these steps that the one onto `landing` does not exceed.
        on_progress: told chunk by chunk.

    Returns:
        The video frames of `new`: 4 for every latent, 1 for the first of a clip.
    """
    count = len(new) * model.stride.time
    old, head = torch.empty(0, *new.shape[1:]), 0
    parts = [new]
    if before is None or not len(before):
        count = model.stride.pixel_frames(len(new))
    else:
        old, parts, head = before[-WARM - 1 : -1], [before[-1:], *parts], model.stride.time
        if not len(old):  # the first latent of a clip has one frame
            head = 1
    if after is not None:
        parts.append(after[:1])
    total = head + count + (0 if after is None else model.stride.time)
    drawn = _all(decode_after(model, old, torch.cat(parts)), total, on_progress)
    strip = drawn[max(0, head - 1) : head + count + (after is not None)]
    left, right = head > 0 and leaving is not None, landing is not None
    reach = min(EASE, max(0, len(strip) // 2 - 2)) if left and right else EASE
    if left and leaving is not None:
        strip = calm(leave(strip, leaving), liveliest(own), over=reach)
    if landing is not None:
        limit = liveliest(own, percentile=arriving)
        strip = calm(land(strip, landing)[::-1], limit, over=reach)[::-1]
    return strip[1 if head else 0 :][:count]


def liveliest(clips: Sequence[Frames], *, percentile: float = LIVELY) -> float:
    """The step from frame to frame, 0 to 255, that so many of 100 here do not exceed; of no clips, no limit."""
    steps = [step for frames in clips for step in jumps(frames)]
    return float(np.percentile(steps, percentile)) if steps else float("inf")


def calm(frames: Frames, limit: float, *, over: int = EASE) -> Frames:
    """The frames with the second no further from the first than `limit`, what it was moved fading over the next."""
    step = jump(frames[0], frames[1]) if len(frames) > 1 else 0.0
    if step <= limit:
        return frames
    way = frames[1].astype(np.float32) - frames[0]
    # Cut off towards the first frame: rounding might lead beyond the limit again.
    nearer = (frames[0] + np.trunc(limit / step * way)).astype(np.uint8)
    moved = leave(frames[1 : 2 + over], nearer, over=over)
    eased: Frames = np.concatenate([frames[:1], moved, frames[2 + over :]])
    return eased


def leave(frames: Frames, true: Frames, *, over: int = EASE) -> Frames:
    """The frames with the first one replaced by `true`, the difference fading over the next."""
    return land(frames[::-1], true, over=over)[::-1]


def land(frames: Frames, true: Frames, *, over: int = EASE) -> Frames:
    """The frames with the last one replaced by `true`, the difference growing over those before."""
    count = min(over, len(frames) - 1)
    weight = np.arange(1, count + 1, dtype=np.float32) / (over + 1) + (over - count) / (over + 1)
    error = true.astype(np.float32) - frames[-1]
    moved = frames[len(frames) - 1 - count : -1] + weight[:, None, None, None] * error
    eased = np.clip(np.rint(moved), 0, 255).astype(np.uint8)
    joined: Frames = np.concatenate([frames[: len(frames) - 1 - count], eased, true[None]])
    return joined


def shown(frames: Frames, true: Frames, at: int) -> Frames:
    """The frames with number `at` replaced by `true`, its neighbours eased towards it."""
    eased = frames.copy()
    eased[: at + 1] = land(eased[: at + 1], true)
    eased[at:] = leave(eased[at:], true)
    return eased


def jump(one: Frames, two: Frames) -> float:
    """Root mean square distance of two frames, in 0..255."""
    difference = one.astype(np.float32) - two
    return float(np.sqrt(np.mean(difference**2)))


def jumps(frames: Frames) -> list[float]:
    """The distance of every frame to the next."""
    return [jump(one, two) for one, two in pairwise(frames)]


def _all(pieces: Iterator[Frames], total: int, on_progress: OnProgress) -> Frames:
    got: list[Frames] = []
    for piece in pieces:
        got.append(piece)
        on_progress(Progress("decode", sum(map(len, got)), total, preview=piece))
    return np.concatenate(got)
