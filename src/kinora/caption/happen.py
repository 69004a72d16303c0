"""What a thing does, and when. In: where it was seen. Out: happenings with their times.

Read off the track alone: ways across the picture, falls, bounces, bites, and times out of sight. Every
threshold is in shares of the picture, so it holds at any size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.caption.facts import Spot

Heights = NDArray[np.float64]

WAY = 0.05
"""A way across the picture that is worth a word."""
DROP = 0.1
"""A fall that is worth a word."""
REBOUND = 0.03
"""How high a thing must rise again to have bounced."""
PACE = 0.004
"""Share of the picture a frame below which a thing stands."""
HIDDEN = 3
"""Frames without a sight of it from which on a thing is out of sight."""
AGREED = 0.6
"""Share of all later sights that must show a bite for it to have been taken."""


@dataclass(frozen=True)
class Happening:
    """One thing's doing: its name, and the seconds at which it begins and ends."""

    name: str
    start: float
    end: float


def happenings(spots: Sequence[Spot], *, frames: int, fps: float) -> tuple[Happening, ...]:
    """Everything a track tells, in the order in which it begins.

    Args:
        spots: where the thing was seen, in order.
        frames: of the whole clip.
        fps: frames a second.
    """
    if not spots:
        return ()
    found = [*_ways(spots), *_falls(spots), *_bites(spots), *_absences(spots, frames)]
    told = (Happening(name, first / fps, last / fps) for name, first, last in found)
    return tuple(sorted(told, key=lambda each: (each.start, each.end, each.name)))


Found = tuple[str, int, int]
"""A name, and the first and last frame."""


def _ways(spots: Sequence[Spot]) -> Iterator[Found]:
    """Stretches in which it keeps going to one side."""
    for sign, name in ((1.0, "moves right"), (-1.0, "moves left")):
        xs = sign * np.array([spot.x for spot in spots])
        for first, last in _climbs(xs, spots):
            if xs[last] - xs[first] >= WAY:
                yield name, spots[first].frame, spots[last].frame


def _falls(spots: Sequence[Spot]) -> Iterator[Found]:
    """Falls, and the bounces that end them: a bounce is the moment of its contact."""
    ys = np.array([spot.y for spot in spots])
    for first, last in _climbs(ys, spots):
        if ys[last] - ys[first] < DROP:
            continue
        yield "falls", spots[first].frame, spots[last].frame
        rise = ys[last] - ys[last : last + 1 + max(2, last - first)].min()
        if rise >= REBOUND:
            yield "bounces", spots[last].frame, spots[last].frame


def _climbs(values: Heights, spots: Sequence[Spot]) -> Iterator[tuple[int, int]]:
    """Index of begin and end of stretches in which values grow by at least `PACE` a frame."""
    first = 0
    for at in range(1, len(values)):
        gap = spots[at].frame - spots[at - 1].frame
        if values[at] - values[at - 1] < PACE * gap:
            if at - 1 > first:
                yield first, at - 1
            first = at
    if len(values) - 1 > first:
        yield first, len(values) - 1


def _bites(spots: Sequence[Spot]) -> Iterator[Found]:
    """The moment from which on most sights show one bite more; single frames change nothing."""
    counts = np.array([spot.bites for spot in spots])
    for bites in range(1, int(counts.max()) + 1):
        shows = counts >= bites
        for at in np.flatnonzero(shows):
            later = shows[at:]
            if len(later) >= HIDDEN and later.mean() >= AGREED and at:
                yield "is bitten", spots[int(at)].frame, spots[int(at)].frame
            if len(later) >= HIDDEN and later.mean() >= AGREED:
                break


def _absences(spots: Sequence[Spot], frames: int) -> Iterator[Found]:
    """Times out of sight: before it appears, in between, after it is gone."""
    seen = [-1, *(spot.frame for spot in spots), frames]
    for before, after in zip(seen[:-1], seen[1:], strict=True):
        if after - before - 1 >= HIDDEN:
            yield "is out of sight", before + 1, after - 1
