"""Numbers that make the judge honest. In: `tuned.json`. Out: probabilities that mean what they say.

`python benchmarks/caption.py --tune` fits them on renders; they change how sure the judge is of an answer,
never which answer it gives.
"""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

TUNED = Path(__file__).with_name("tuned.json")
EVEN = 1e-6
"""No probability is nearer to 0 or 1."""


class Worldly(BaseModel):
    """What pictures of the world look like to the eye, and how far off is too far.

    Args:
        mean: `[d]`, of the eye's mean features over world frames.
        axes: `[k d]`, the directions in which they vary, divided by how much they do.
        rest: how much they vary in all other directions.
        edge, width: the distance that is as likely to be of the world as not, and how fast that changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]
    rest: float
    edge: float
    width: float

    def distance(self, features: NDArray[np.floating]) -> float:
        """How far features `[d]` are from those of the world; about 1 for its own frames."""
        off = features - np.array(self.mean)
        axes = np.array(self.axes)
        along = axes @ off
        # The axes are orthogonal but not of length one: undo their scaling for what is left over.
        left = off @ off - float(np.square(along / np.linalg.norm(axes, axis=1)).sum())
        total = float(np.square(along).sum()) + max(0.0, left) / self.rest**2
        return math.sqrt(total / len(off))

    def sure(self, features: NDArray[np.floating]) -> float:
        """Probability that a picture with these features shows the world."""
        return _logistic((self.edge - self.distance(features)) / self.width)


class Tuned(BaseModel):
    """Everything that was fitted.

    Args:
        trust: question -> slope and offset that turn the judge's own log-odds into honest ones.
        moves: camera move -> five weights for `MOTIONS` a second, and an offset.
        cut: weights for what `camera.jumps` tells of a step, and an offset.
        worldly: None if pictures of no world cannot be told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trust: Mapping[str, tuple[float, float]] = {}
    moves: Mapping[str, tuple[float, ...]] = {}
    cut: tuple[float, ...] = ()
    worldly: Worldly | None = None

    def honest(self, question: str, sure: float) -> float:
        """The probability that an answer is right, of which the judge itself is `sure`."""
        slope, offset = self.trust.get(question, (1.0, 0.0))
        return _logistic(slope * log_odds(sure) + offset)

    def cut_here(self, told: NDArray[np.floating]) -> float:
        """The probability of a cut at a step of which `camera.jumps` tells this."""
        return _logistic(float(told @ np.array(self.cut[:-1])) + self.cut[-1]) if self.cut else 0.0

    def moved(self, motion: NDArray[np.floating]) -> dict[str, float]:
        """Camera move -> probability, from `[5]` motions a second; empty if none was fitted."""
        if not self.moves:
            return {}
        weights = np.array(list(self.moves.values()))
        logits = weights[:, :-1] @ motion + weights[:, -1]
        odds = np.exp(logits - logits.max())
        return dict(zip(self.moves, (odds / odds.sum()).tolist(), strict=True))


def log_odds(share: float) -> float:
    """`log(p / (1 - p))`, bounded."""
    bounded = min(1 - EVEN, max(EVEN, share))
    return math.log(bounded / (1 - bounded))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-min(30.0, max(-30.0, value))))


@cache
def read_tuned(file: Path = TUNED) -> Tuned:
    """The numbers of a file; none where there is no file."""
    return Tuned.model_validate_json(file.read_bytes()) if file.exists() else Tuned()
