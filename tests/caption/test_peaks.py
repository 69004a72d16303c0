import torch
from torch import Tensor

from kinora.caption.answers import OF_A_FRAME, OF_A_THING
from kinora.caption.network import Glance
from kinora.caption.peaks import peaks

ROWS, COLUMNS = 10, 16


def glance(centre: Tensor) -> Glance:
    n = len(centre)
    of_things = {q: torch.zeros(n, len(words), ROWS, COLUMNS) for q, words in OF_A_THING.items()}
    of_things["kind"][:, 3] = 5.0
    return Glance(
        centre=centre,
        box=torch.zeros(n, 4, ROWS, COLUMNS),
        of_things=of_things,
        of_frames={q: torch.zeros(n, len(words)) for q, words in OF_A_FRAME.items()},
        features=torch.zeros(n, 8, ROWS, COLUMNS),
        whole=torch.zeros(n, 8, ROWS // 2, COLUMNS // 2),
    )


def test_a_centre_between_two_cells_is_one_thing() -> None:
    centre = torch.full((1, ROWS, COLUMNS), -12.0)
    centre[0, 4, 7] = 0.1
    centre[0, 4, 8] = -0.1
    (found,) = peaks(glance(centre))
    assert len(found) == 1
    assert found[0].spot.sure > 0.95


def test_place_is_the_cell_plus_its_offset() -> None:
    centre = torch.full((1, ROWS, COLUMNS), -12.0)
    centre[0, 2, 3] = 9.0
    told = glance(centre)
    told.box[0, :, 2, 3] = torch.tensor([0.25, -0.5, 0.2, 0.3])
    (found,) = peaks(told, first=5)
    spot = found[0].spot
    assert spot.frame == 5
    assert abs(spot.x - 3.75 / COLUMNS) < 1e-6 and abs(spot.y - 2.0 / ROWS) < 1e-6
    assert (round(spot.width, 5), round(spot.height, 5)) == (0.2, 0.3)
    assert int(found[0].answers["kind"].argmax()) == 3


def test_what_is_unlikely_is_not_there() -> None:
    centre = torch.full((2, ROWS, COLUMNS), -12.0)
    centre[0, 5, 5] = -1.0
    centre[1, 1, 1], centre[1, 8, 14] = 3.0, 4.0
    first, second = peaks(glance(centre))
    assert first == []
    assert [round(peak.spot.x * COLUMNS - 0.5) for peak in second] == [14, 1]
