"""From spots to things. In: the peaks of every frame. Out: one track per thing, through occlusions.

A peak joins the track that it is nearest to in place and answers; greedy, which is enough for a
handful of things.
"""

from collections.abc import Sequence

import numpy as np

from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import SeenThing
from kinora.caption.peaks import Peak
from kinora.caption.vote import Tables, agree

Track = list[Peak]
FAR = 1.0
"""Cost from which on a peak starts a track of its own."""
LOOKS = 0.35
GIVE_UP = 0.12
"""Share of the clip's frames in which a thing must be seen to be one."""


def follow(frames: Sequence[Sequence[Peak]]) -> list[Track]:
    """Tracks through all frames; one that is seen too rarely is taken for an error."""
    tracks: list[Track] = []
    for peaks in frames:
        tracks = _join(tracks, peaks)
    least = GIVE_UP * len(frames)
    return [track for track in tracks if len(track) >= least]


def _join(tracks: list[Track], peaks: Sequence[Peak]) -> list[Track]:
    pairs = sorted(
        (cost(track, peak), i, j) for i, track in enumerate(tracks) for j, peak in enumerate(peaks)
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for price, i, j in pairs:
        if price < FAR and j not in taken and i not in used:
            taken[j] = i
            used.add(i)
    for j, peak in enumerate(peaks):
        if j in taken:
            tracks[taken[j]].append(peak)
        else:
            tracks.append([peak])
    return tracks


def cost(track: Track, peak: Peak) -> float:
    """How unlikely it is that the peak goes on the track: distance after its last course, and looks."""
    last = track[-1]
    gap = peak.spot.frame - last.spot.frame
    speed = (0.0, 0.0)
    if len(track) > 1:
        before = track[-2]
        steps = last.spot.frame - before.spot.frame
        speed = ((last.spot.x - before.spot.x) / steps, (last.spot.y - before.spot.y) / steps)
    dx = peak.spot.x - last.spot.x - speed[0] * min(gap, 4)
    dy = peak.spot.y - last.spot.y - speed[1] * min(gap, 2)
    reach = 0.25 + 0.1 * min(gap - 1, 8)
    alike = [float(last.answers[q] @ peak.answers[q]) for q in ("kind", "colour")]
    return float(np.hypot(dx, 0.6 * dy)) / reach + LOOKS * sum(1 - value for value in alike)


def described(track: Track, tables: Tables) -> SeenThing:
    """The track's answers over all its frames, surer frames first."""
    weights = np.array([peak.spot.sure for peak in track])
    weights = weights / weights.sum()
    answers = {}
    for question, words in OF_A_THING.items():
        rows = np.stack([peak.answers[question] for peak in track]).astype(np.float64)
        answers[question] = agree(rows, weights, words, table=tables.get(question))
    return SeenThing(answers=answers, spots=tuple(peak.spot for peak in track))
