"""Fit what makes the judge honest. In: the judge, renders with their truth. Out: `caption.tuned.Tuned`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from samples import Sample
from torch import Tensor

from kinora.caption.camera import by_frame, jumps
from kinora.caption.egomotion import MOTIONS, egomotion
from kinora.caption.facts import Seen
from kinora.caption.glimpse import shrink, to_input
from kinora.caption.judge import Judge
from kinora.caption.tuned import Tuned, Worldly, log_odds
from kinora.core.clip import Clip
from kinora.train.disturb import disturb
from kinora.world.camera import MOVES

AXES = 32
"""Directions in which the eye's features of the world are told apart; the rest is one number."""
LOOKED = (1, 14)
"""Frames of a render whose features are counted, once clean and once spoilt."""
TOLD = ("kind", "colour", "size", "finish", "hat", "ground", "light")
EDGE, WIDTH = 1.05, 0.05
"""The edge over the distance that 99 % of unused world frames keep, and its width in shares of it."""
SCALE = 10.0
"""Motions a second are a tenth or so; weights of a tenth of that size are as likely as any."""

Floats = NDArray[np.float64]


class Answered(Protocol):
    question: str
    sure: float
    right: bool


Answers = Callable[[Sample, Seen], Iterable[Answered]]


def tune(judge: Judge, renders: Sequence[Sample], *, answers: Answers) -> Tuned:
    """Everything that is fitted; the judge's answers themselves stay as they are."""
    raw = replace(judge, tuned=Tuned())
    pairs: dict[str, list[tuple[float, bool]]] = {question: [] for question in TOLD}
    motions, moves, steps, cuts = [], [], [], []
    for sample in renders:
        seen = raw.see(Clip(sample.frames, sample.scene.fps))
        for said in answers(sample, seen):
            if said.question in pairs:
                pairs[said.question].append((log_odds(said.sure), said.right))
        spots = by_frame([thing.spots for thing in seen.things], count=len(sample.frames))
        starts = [0, *(cut.frame for cut in sample.scene.cuts)]
        stops = [*starts[1:], len(sample.frames)]
        for first, stop in zip(starts, stops, strict=True):
            motion = egomotion(sample.frames[first:stop], spots[first:stop])
            motions.append(motion.double().numpy() * sample.scene.fps)
            moves.append(MOVES.index(sample.scene.camera.move))
        steps.append(jumps(sample.frames))
        cuts.append([t + 1 in starts for t in range(len(sample.frames) - 1)])
    weights = softmax_fit(np.stack(motions) * SCALE, np.array(moves), len(MOVES))
    weights[:, : len(MOTIONS)] *= SCALE
    cut = logistic_fit(np.concatenate(steps), np.concatenate(cuts))
    return Tuned(
        trust={question: trust_fit(rows) for question, rows in pairs.items()},
        moves={move: _rounded(row) for move, row in zip(MOVES, weights, strict=True)},
        cut=_rounded(cut),
        worldly=worldly_fit(*looks(judge, renders)),
    )


def trust_fit(rows: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and offset for log-odds (Platt 1999), drawn towards leaving them as they are."""
    x, y = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    slope, offset = logistic_fit(x[:, None], y, prior=(1.0, 0.0))
    return round(max(0.05, float(slope)), 4), round(float(offset), 4)


def logistic_fit(x: Floats, y: NDArray[np.bool_], *, prior: Sequence[float] = ()) -> Floats:
    """Weights and an offset `[k + 1]` that make `y` of `[n k]` likeliest, near `prior`."""
    start = np.array(prior) if len(prior) else np.zeros(x.shape[1] + 1)
    centre = torch.tensor(start)
    inputs, target = torch.tensor(x), torch.tensor(y).double()

    def loss(weights: Tensor) -> Tensor:
        logits = inputs @ weights[:-1] + weights[-1]
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        return each + 0.5 * (weights - centre).square().sum()

    return _least(loss, centre)


def softmax_fit(x: Floats, y: NDArray[np.int64], count: int) -> Floats:
    """Weights and an offset for each of `count` answers, `[count k + 1]`; each answer counts alike."""
    inputs, target = torch.tensor(x), torch.tensor(y)
    share = torch.bincount(target, minlength=count).clamp_min(1)
    balance = (len(target) / count / share).double()

    def loss(weights: Tensor) -> Tensor:
        logits = inputs @ weights[:, :-1].T + weights[:, -1]
        each = F.cross_entropy(logits, target, weight=balance, reduction="sum")
        return each + 0.02 * weights.square().sum()

    return _least(loss, torch.zeros(count, x.shape[1] + 1, dtype=torch.double))


def _least(loss: Callable[[Tensor], Tensor], start: Tensor) -> Floats:
    weights = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(weights)
        value.backward()
        return value

    optimizer.step(closure)
    found: Floats = weights.detach().numpy()
    return found


def looks(judge: Judge, renders: Sequence[Sample]) -> tuple[Floats, Floats]:
    """The eye's features of world frames, clean and spoilt: two thirds to fit, the rest to check."""
    rng, rows = torch.Generator().manual_seed(1), []
    for sample in renders:
        clean = to_input(shrink(sample.frames[list(LOOKED)]))
        spoilt, _ = disturb(clean.clone(), torch.full((len(clean), 1, 11), -1.0), rng=rng)
        with torch.inference_mode():
            rows.append(judge.eye(torch.cat([clean, spoilt])).look.double().numpy())
    part = 2 * len(rows) // 3
    return np.concatenate(rows[:part]), np.concatenate(rows[part:])


def worldly_fit(seen: Floats, unused: Floats) -> Worldly:
    """Mean and main axes of `seen` `[n d]`, and an edge from how far `unused` is from them."""
    mean = seen.mean(0)
    values, vectors = np.linalg.eigh(np.cov(seen.T))
    axes = vectors[:, -AXES:].T / np.sqrt(values[-AXES:])[:, None]
    rest = float(np.sqrt(values[:-AXES].mean()))
    stats = Worldly(
        mean=_rounded(mean),
        axes=tuple(_rounded(axis) for axis in axes),
        rest=rest,
        edge=1.0,
        width=1.0,
    )
    edge = EDGE * float(np.quantile([stats.distance(row) for row in unused], 0.99))
    return stats.model_copy(update={"edge": round(edge, 4), "width": round(WIDTH * edge, 4)})


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{value:.4g}") for value in values)
