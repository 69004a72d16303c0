"""Every question that scenes are staged for. In: a model, the judge, how many scenes of each kind. Out: rows."""

from collections.abc import Iterator

from kinora.caption.judge import Judge
from kinora.denoise.model import FilmModel
from kinora.evaluate import away, bites
from kinora.evaluate.away import away_rows
from kinora.evaluate.bites import bite_rows
from kinora.evaluate.elsewhere import angle_rows
from kinora.evaluate.onward import Wish
from kinora.evaluate.row import Row
from kinora.evaluate.staged import occluded_row, shots_row, staged


def per_scene(model: FilmModel) -> int:
    """Rows for one scene of each kind; a model with one camera is not asked for others."""
    hiding, shots = 1, 1
    return bites.PER_SCENE + hiding + shots + away.PER_SCENE + model.capabilities.views


def staged_rows(model: FilmModel, judge: Judge, *, count: int, wish: Wish) -> Iterator[Row]:
    """Bites, hiding, shots, the way out of the picture and back, other cameras."""
    yield from bite_rows(model, judge, count=count, wish=wish)
    for one in staged("passes behind", count):
        yield occluded_row(model, judge, one, wish=wish)
        yield shots_row(model, judge, one, wish=wish)
    yield from away_rows(model, judge, count=count, wish=wish)
    if model.capabilities.views:
        yield from angle_rows(model, judge, count=count, steps=wish.steps)
