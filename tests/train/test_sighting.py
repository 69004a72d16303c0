from dataclasses import replace

import torch

from kinora.caption.answers import OF_A_THING
from kinora.caption.network import Eye, EyeConfig
from kinora.train.sighting import LEAST_AREA, lay_out, losses

ROWS, COLUMNS = 10, 16


def things(*rows: tuple[float, float, float]) -> torch.Tensor:
    """Things with an area at x, y; four per frame."""
    table = torch.full((1, 4, len(OF_A_THING) + 5), -1.0)
    for index, (area, x, y) in enumerate(rows):
        table[0, index, : len(OF_A_THING)] = 1
        table[0, index, -5:] = torch.tensor([area, x, y, 0.1, 0.2])
    return table


def test_the_cell_of_a_centre_is_asked_for_the_thing_and_its_neighbours_are_not() -> None:
    cells = lay_out(things((0.03, 4.3 / COLUMNS, 2.9 / ROWS)), ROWS, COLUMNS)
    assert cells.centre.nonzero().tolist() == [[0, 2, 4]]
    assert cells.asked[0, 2, 4] == 1 and cells.asked[0, 2, 5] == 0 and cells.asked[0, 2, 9] == 1
    assert cells.weight[0, 2, 4] == 1 and 0 < cells.weight[0, 3, 5] < 1
    assert cells.weight[0, 2, 9] == 0
    torch.testing.assert_close(cells.offset[0, :, 2, 4], torch.tensor([-0.2, 0.4]))


def test_every_cell_answers_for_the_nearest_thing() -> None:
    two = things((0.03, 3.5 / COLUMNS, 2.5 / ROWS), (0.03, 5.5 / COLUMNS, 2.5 / ROWS))
    cells = lay_out(two, ROWS, COLUMNS)
    assert (int(cells.owner[0, 2, 3]), int(cells.owner[0, 2, 5])) == (0, 1)


def test_what_is_too_small_is_neither_wanted_nor_punished() -> None:
    cells = lay_out(things((LEAST_AREA / 2, 4.5 / COLUMNS, 2.5 / ROWS)), ROWS, COLUMNS)
    assert not cells.centre.any() and not cells.weight.any()
    assert cells.asked[0, 2, 4] == 0


def test_learning_lowers_every_loss_that_can_be_learnt() -> None:
    torch.manual_seed(0)
    eye = Eye(EyeConfig(stem=8, fine=16, coarse=16, depth=1))
    pixels = torch.rand(1, 3, 80, 128) * 2 - 1
    truth, scene = things((0.05, 0.4, 0.6)), torch.tensor([[2, 1]])
    optimizer = torch.optim.Adam(eye.parameters(), lr=0.02)
    before = {
        name: float(loss.detach()) for name, loss in losses(eye(pixels), truth, scene).items()
    }
    for _ in range(15):
        optimizer.zero_grad()
        torch.stack(list(losses(eye(pixels), truth, scene).values())).sum().backward()
        optimizer.step()
    after = {name: float(loss.detach()) for name, loss in losses(eye(pixels), truth, scene).items()}
    assert all(after[name] < 0.7 * before[name] for name in before), (before, after)


def test_a_picture_of_no_world_wants_all_answers_alike() -> None:
    eye = Eye(EyeConfig(stem=4, fine=8, coarse=8, depth=1))
    glance = eye(torch.zeros(1, 3, 80, 128))
    nothing = torch.full((1, 4, len(OF_A_THING) + 5), -1.0)
    sure = {name: logits * 0 for name, logits in glance.of_frames.items()}
    sure["ground"] = torch.tensor([[9.0, 0, 0, 0, 0]])
    even = losses(glance, nothing, torch.tensor([[-1, -1]]))["ground"]
    wrong = losses(replace(glance, of_frames=sure), nothing, torch.tensor([[-1, -1]]))["ground"]
    assert wrong > even
