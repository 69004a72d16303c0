"""From cells to spots. In: a glance. Out: per frame, the things in it with every answer's probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from kinora.caption.answers import MOST_THINGS
from kinora.caption.facts import Spot
from kinora.caption.network import Glance

Floats = NDArray[np.float32]
SEEN = 0.5


@dataclass(frozen=True, eq=False)
class Peak:
    """A thing in one frame.

    Args:
        answers: question -> probabilities.
        feature: what the eye saw there, for whoever watches it over time.
    """

    spot: Spot
    answers: Mapping[str, Floats]
    feature: Floats


def peaks(glance: Glance, *, first: int = 0, least: float = SEEN) -> list[list[Peak]]:
    """The things of every frame, the surest first.

    A centre on the border of two cells is half in each, so a thing's probability is the sum over the
    cells around its peak.
    """
    cells = torch.sigmoid(glance.centre)
    around = F.avg_pool2d(cells.unsqueeze(1), 3, 1, 1).squeeze(1).mul(9).clamp(max=1)
    top = F.max_pool2d(cells.unsqueeze(1), 3, 1, 1).squeeze(1) == cells
    found = torch.where(top, around, torch.zeros_like(around))
    answers = {name: logits.softmax(1) for name, logits in glance.of_things.items()}
    frames = []
    for n in range(len(cells)):
        best = torch.topk(found[n].flatten(), MOST_THINGS)
        keep = [int(i) for i, p in zip(best.indices, best.values, strict=True) if p >= least]
        frames.append([_peak(glance, answers, found, n, i, first + n) for i in keep])
    return frames


def _peak(
    glance: Glance,
    answers: Mapping[str, Tensor],
    found: Tensor,
    n: int,
    cell: int,
    frame: int,
) -> Peak:
    rows, columns = found.shape[1:]
    y, x = divmod(cell, columns)
    dx, dy, width, height = (float(v) for v in glance.box[n, :, y, x])
    said = {name: p[n, :, y, x].numpy() for name, p in answers.items()}
    spot = Spot(
        frame=frame,
        x=(x + 0.5 + dx) / columns,
        y=(y + 0.5 + dy) / rows,
        width=max(0.0, width),
        height=max(0.0, height),
        sure=float(found[n, y, x]),
        bites=int(said["bites"].argmax()),
    )
    return Peak(spot=spot, answers=said, feature=glance.features[n, :, y, x].numpy())
