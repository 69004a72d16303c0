"""What training is told of motion."""

import torch

from kinora.train.motion import NOTHING, ways


def film(columns: list[int], rows: list[int] | None = None) -> torch.Tensor:
    """Labels of one thing, a single position wide, that stands there in turn; -1 where it is not seen."""
    labels = torch.zeros(1, len(columns), 6, 8, 2, dtype=torch.long)
    for frame, (column, row) in enumerate(zip(columns, rows or [2] * len(columns), strict=True)):
        if column >= 0:
            labels[0, frame, row, column] = torch.tensor([3, 5])
    return labels


def along(goes: torch.Tensor, columns: list[int], rows: list[int] | None = None) -> list[list[int]]:
    places = zip(columns, rows or [2] * len(columns), strict=True)
    return [goes[0, frame, row, column].tolist() for frame, (column, row) in enumerate(places)]


def test_left_right_up_and_down_have_names() -> None:
    right, down = [1, 2, 3, 4], [0, 1, 2, 3]
    assert along(ways(film(right)), right) == [[2, 0]] * 4
    assert along(ways(film(right[::-1])), right[::-1]) == [[1, 0]] * 4
    assert along(ways(film(right, down)), right, down) == [[2, 2]] * 4
    assert along(ways(film([3] * 4)), [3] * 4) == [[0, 0]] * 4


def test_a_turn_is_told_frame_by_frame() -> None:
    there_and_back = [1, 2, 3, 3, 2, 1]
    across = [one[0] for one in along(ways(film(there_and_back)), there_and_back)]
    assert across == [2, 2, 2, 1, 1, 1]


def test_ground_and_things_that_come_or_go_have_no_way() -> None:
    goes = ways(film([1, 2, -1, 4, 5]))
    assert (goes[:, 2] == NOTHING).all()
    assert goes[0, 1, 2, 2].tolist() == [NOTHING] * 2  # it is not there in the next frame
    assert (goes[0, 0, 0] == NOTHING).all()
    assert (ways(film([1])) == NOTHING).all()


def test_things_of_other_colours_go_their_own_ways() -> None:
    labels = film([1, 2, 3])
    for frame, column in enumerate([6, 5, 4]):
        labels[0, frame, 4, column] = torch.tensor([3, 6])
    goes = ways(labels)
    assert goes[0, 1, 2, 2, 0] == 2 and goes[0, 1, 4, 5, 0] == 1
