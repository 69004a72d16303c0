"""How far single frames are right. In: an eye, a closer look, renders. Out: the tables that weigh its votes."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from kinora.caption.answers import OF_A_THING
from kinora.caption.closer import Closer, looked_closer
from kinora.caption.glimpse import shrink, to_input
from kinora.caption.network import Eye
from kinora.caption.peaks import Peak, peaks
from kinora.caption.vote import Tables, count_table
from kinora.core.clip import Frames

NEAR = 0.08
"""Distance, in shares of the picture, within which a spot and a true centre are the same thing."""
VOTED = ("kind",)
"""Questions whose single frames are wrong in ways worth counting."""


@torch.inference_mode()
def calibrate(
    eye: Eye, closer: Closer, batches: Iterable[tuple[Frames, NDArray[np.float32]]]
) -> Tables:
    """Count what frames say of each true answer.

    Args:
        eye, closer: whose votes are weighed.
        batches: frames `[n h w 3]` and the rows `[n k c]` of their things, from renders in motion.
    """
    truth: dict[str, list[int]] = {question: [] for question in VOTED}
    said: dict[str, list[NDArray[np.float32]]] = {question: [] for question in VOTED}
    for frames, things in batches:
        seen = looked_closer(closer, frames, peaks(eye(to_input(shrink(frames)))))
        for found, rows in zip(seen, things, strict=True):
            for row in rows[rows[:, 0] >= 0]:
                peak = _at(found, row)
                for question in VOTED if peak else ():
                    assert peak is not None
                    truth[question].append(int(row[tuple(OF_A_THING).index(question)]))
                    said[question].append(peak.answers[question])
    return {
        question: count_table(truth[question], _stacked(said[question], len(OF_A_THING[question])))
        for question in VOTED
    }


def _stacked(rows: list[NDArray[np.float32]], answers: int) -> NDArray[np.float64]:
    return np.array(rows, np.float64).reshape(-1, answers)


def _at(found: list[Peak], row: NDArray[np.float32]) -> Peak | None:
    """The spot that stands for the thing of this row."""
    x, y = row[-4], row[-3]
    near = [(float(np.hypot(peak.spot.x - x, peak.spot.y - y)), peak) for peak in found]
    distance, peak = min(near, key=lambda pair: pair[0], default=(1.0, None))
    return peak if distance < NEAR else None
