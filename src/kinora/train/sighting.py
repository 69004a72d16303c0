"""How well the eye sees. In: a glance and what is true. Out: one loss per question.

A row of `things` is what `data.sightings` writes. A thing too small to see is neither asked for nor
punished; the cells around a centre answer too, with a smaller weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kinora.caption.answers import OF_A_FRAME, OF_A_THING
from kinora.caption.network import Glance

QUESTIONS = tuple(OF_A_THING)
LEAST_AREA = 0.002
"""Share of the picture from which on a thing counts as visible: 80 pixels of 256x160."""
RIM = 0.3


@dataclass(frozen=True, eq=False)
class Cells:
    """The truth laid out over the cells.

    Args:
        centre: `[n g]`, 1 where a thing is centred.
        asked: `[n g]`, how much the cell's word about `centre` counts.
        owner: `[n g]`, row of the thing that the cell answers for.
        weight: `[n g]`, how much those answers count; 0 away from things.
        offset: `[n 2 g]`, from the cell's centre to the thing's, in cells.
    """

    centre: Tensor
    asked: Tensor
    owner: Tensor
    weight: Tensor
    offset: Tensor


def lay_out(things: Tensor, rows: int, columns: int) -> Cells:
    """Things `[n k c]` over a grid of `rows` x `columns` cells."""
    there = things[..., 0] >= 0
    visible = there & (things[..., -5] >= LEAST_AREA)
    x = things[..., -4] * columns - 0.5
    y = things[..., -3] * rows - 0.5
    grid_y = torch.arange(rows).view(1, 1, rows, 1)
    grid_x = torch.arange(columns).view(1, 1, 1, columns)
    dx = (x[..., None, None] - grid_x).expand(-1, -1, rows, columns)
    dy = (y[..., None, None] - grid_y).expand(-1, -1, rows, columns)
    far = torch.maximum(dx.abs(), dy.abs()).masked_fill(~there[..., None, None], 1e9)
    nearest, owner = far.min(dim=1)
    mine = visible.gather(1, owner.flatten(1)).view_as(owner)
    centre = (nearest <= 0.5) & mine
    close = nearest <= 1.5
    picked = owner.unsqueeze(1)
    return Cells(
        centre=centre.float(),
        asked=(centre | ~close).float(),
        owner=owner,
        weight=torch.where(centre, 1.0, RIM) * (close & mine),
        offset=torch.cat([dx.gather(1, picked), dy.gather(1, picked)], dim=1),
    )


def losses(glance: Glance, things: Tensor, scene: Tensor) -> Mapping[str, Tensor]:
    """Loss per question.

    Args:
        glance: of n frames.
        things: `[n k c]`, rows of `data.sightings`.
        scene: `[n 2]` ground and light; -1 for a picture of no world, whose answer is "any".
    """
    cells = lay_out(things, *glance.centre.shape[1:])
    bce = F.binary_cross_entropy_with_logits(glance.centre, cells.centre, reduction="none")
    total = {"centre": (bce * cells.asked).sum() / len(things)}
    total["box"] = _box_loss(glance.box, things, cells)
    for column, question in enumerate(QUESTIONS):
        answer = things[..., column].gather(1, cells.owner.flatten(1)).view_as(cells.owner)
        total[question] = _answer_loss(glance.of_things[question], answer.long(), cells.weight)
    for column, question in enumerate(OF_A_FRAME):
        total[question] = _scene_loss(glance.of_frames[question], scene[:, column])
    return total


def _box_loss(box: Tensor, things: Tensor, cells: Cells) -> Tensor:
    owner = cells.owner.flatten(1)
    wide = things[..., -2].gather(1, owner).view_as(cells.owner)
    tall = things[..., -1].gather(1, owner).view_as(cells.owner)
    truth = torch.cat([cells.offset, wide.unsqueeze(1), tall.unsqueeze(1)], dim=1)
    scale = box.new_tensor([1.0, 1.0, 8.0, 8.0]).view(1, 4, 1, 1)
    error = F.smooth_l1_loss(box * scale, truth * scale, reduction="none", beta=0.1).sum(1)
    return (error * cells.weight).sum() / cells.weight.sum().clamp(min=1)


def _answer_loss(logits: Tensor, answer: Tensor, weight: Tensor) -> Tensor:
    weight = weight * (answer >= 0)
    error = F.cross_entropy(logits, answer.clamp(min=0), reduction="none")
    return (error * weight).sum() / weight.sum().clamp(min=1)


def _scene_loss(logits: Tensor, answer: Tensor) -> Tensor:
    """Cross entropy; where there is no answer, towards all answers alike."""
    chosen = F.one_hot(answer.clamp(min=0), logits.shape[1]).float()
    even = torch.full_like(chosen, 1 / logits.shape[1])
    return F.cross_entropy(logits, torch.where((answer >= 0).unsqueeze(1), chosen, even))
