"""Storyboards: the distance between cards is the length of the shots."""

from pathlib import Path

import pytest

from kinora.core.errors import NotFoundError, UsageError
from kinora.prompt.storyboard import storyboard
from kinora.timeline.storyboard import as_toml, board_of, read_board

BOARD = """
seconds = 9
width = 64
height = 64
seed = 3
[[card]]
at = 0
prompt = "a red ball"
[[card]]
at = 2.5
seconds = 2
prompt = "it bounces"
enter = "flow"
[[card]]
at = 6
prompt = "a blue cube"
seed = 8
view = 1
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "board.toml"
    file.write_text(text)
    return file


def test_cards_become_shots_and_black(tmp_path: Path) -> None:
    timeline = read_board(write(tmp_path, BOARD)).timeline()
    told = [(item.kind, item.seconds) for item in timeline.items]
    assert told == [("shot", 2.5), ("shot", 2.0), ("gap", 1.5), ("shot", 3.0)]
    shots = list(timeline.shots())
    assert [shot.seed for shot in shots] == [3, 3, 8]
    assert [shot.enter for shot in shots] == ["cut", "flow", "cut"]
    assert shots[2].view == 1
    assert timeline.width == 64


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOARD.replace("at = 6", "at = 4"), "overlaps what begins at 4 s"),
        (
            BOARD.replace("seconds = 9", "seconds = 5"),
            "card 3 at 6 s lies behind the end of the film at 5 s",
        ),
        (BOARD.replace("at = 6", "at = 2"), "overlaps"),
        (BOARD.replace('prompt = "a blue cube"', ""), "says nothing"),
        (BOARD.replace("view", "veiw"), "veiw"),
        (BOARD.replace("view = 1", "view = 15"), r"view = 15 does not fit.*left \(1\)"),
        (BOARD + "[[", "is not valid TOML"),
        ("seconds = 3", "card"),
        ("guidance = 200\n" + BOARD, "guidance = 200"),
    ],
)
def test_boards_that_make_no_sense_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_board(write(tmp_path, text)).timeline()


def test_a_camera_has_a_name(tmp_path: Path) -> None:
    text = BOARD.replace("view = 1", 'view = "above"')
    shots = list(read_board(write(tmp_path, text)).timeline().shots())
    assert [shot.view for shot in shots] == [0, 0, 4]


def test_files_lie_beside_the_board(tmp_path: Path) -> None:
    text = BOARD.replace('prompt = "a red ball"', 'image = "first.png"')
    with pytest.raises(NotFoundError, match=r"first\.png, which is not there"):
        read_board(write(tmp_path, text))
    (tmp_path / "first.png").write_bytes(b"")
    assert read_board(write(tmp_path, text)).card[0].image == str(tmp_path / "first.png")


def test_a_story_becomes_a_board_that_can_be_changed(tmp_path: Path) -> None:
    story = storyboard("a red ball stands on snow. it rolls left. meanwhile a blue cube falls.")
    board = board_of(story, seed=4)
    assert [card.at for card in board.card] == [0.0, 3.5, 7.0]
    assert [card.enter for card in board.card] == ["cut", "flow", "cut"]
    assert read_board(write(tmp_path, as_toml(board))) == board
