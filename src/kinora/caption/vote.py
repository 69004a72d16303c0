"""One answer from many frames. In: what each frame said. Out: the answer that explains all of them.

A Momo from behind looks like a ball, but a ball never looks like a Momo: how often each kind is said
to be each other, counted on renders in motion, weighs what the frames say.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinora.caption.facts import Answer

Floats = NDArray[np.floating]
Tables = Mapping[str, Floats]
"""Question -> `[true said]`, the probability of what a frame says given what is true."""

INDEPENDENT = 5.0
"""Frames of a film resemble each other: however many there are, they count as so many."""
FLOOR = 0.01


def agree(
    rows: Floats, weights: Floats, words: Sequence[str], *, table: Floats | None = None
) -> Answer:
    """The likeliest answer.

    Args:
        rows: `[n answers]`, the probabilities that each frame gives.
        weights: `[n]`, how much each frame counts; they sum to one.
        words: of the answers.
        table: how what is said follows from what is true; without it frames say what is true.
    """
    said = rows.astype(np.float64)
    likely = said if table is None else said @ table.T
    mean = weights @ np.log(likely + 1e-6)
    count = min(INDEPENDENT, len(rows)) if table is not None else 1.0
    posterior = np.exp(count * (mean - mean.max()))
    posterior /= posterior.sum()
    best = int(posterior.argmax())
    return Answer(words[best], float(posterior[best]))


def count_table(truth: Sequence[int], said: Floats) -> Floats:
    """`[true said]` from single frames: what is true `[n]`, and the probabilities said `[n answers]`."""
    answers = said.shape[1]
    counts = np.full((answers, answers), 0.5 / answers)
    np.add.at(counts, np.asarray(truth, np.int64), said)
    counts /= counts.sum(1, keepdims=True)
    table: Floats = (1 - FLOOR) * counts + FLOOR / answers
    return table


def write_tables(tables: Tables, folder: Path) -> None:
    """Keep tables beside the networks."""
    plain = {name: np.round(table, 4).tolist() for name, table in tables.items()}
    (folder / "votes.json").write_text(json.dumps(plain) + "\n")


def read_tables(folder: Path) -> dict[str, Floats]:
    """The tables of a judge; none if it has none."""
    file = folder / "votes.json"
    if not file.exists():
        return {}
    return {name: np.array(rows) for name, rows in json.loads(file.read_text()).items()}
