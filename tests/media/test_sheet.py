"""A contact sheet shows each clip's frames in order, with its words under it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.media.sheet import GAP, MOST_LINES, save_sheet, sheet


def rising() -> Clip:
    """Nine greys from black to white."""
    greys = np.linspace(0, 255, 9).astype(np.uint8)
    return Clip(np.broadcast_to(greys[:, None, None, None], (9, 20, 30, 3)).copy(), 12)


def test_first_and_last_frame_are_shown_in_order() -> None:
    page = sheet([rising()], frames=3, width=30)
    middle = 2 * GAP + 10
    seen = [int(page[middle, 2 * GAP + 15 + place * (30 + GAP), 0]) for place in range(3)]
    assert seen == [0, 127, 255]


def test_clips_fill_rows_of_columns() -> None:
    one = sheet([rising()], width=30)
    four = sheet([rising()] * 4, columns=2, width=30)
    assert four.shape[1] - 2 * GAP == 2 * (one.shape[1] - 2 * GAP)
    assert four.shape[0] - 2 * GAP == 2 * (one.shape[0] - 2 * GAP)


def test_words_stand_below_and_make_room() -> None:
    bare = sheet([rising()])
    short = sheet([rising()], ["a red ball"])
    long = sheet([rising()], ["a red ball bounces past a blue cube " * 40])
    assert bare.shape[0] < short.shape[0] < long.shape[0]
    assert long.shape[0] <= bare.shape[0] + MOST_LINES * 17
    below = short[bare.shape[0] - 2 * GAP :]
    assert below.min() < 100


def test_a_sheet_of_nothing() -> None:
    with pytest.raises(UsageError, match="at least one"):
        sheet([])
    with pytest.raises(UsageError, match="1 clips have 2 captions"):
        sheet([rising()], ["a", "b"])


def test_save(tmp_path: Path) -> None:
    save_sheet(tmp_path / "sheet.png", [rising()], ["über"])
    with Image.open(tmp_path / "sheet.png") as picture:
        assert np.array_equal(np.array(picture), sheet([rising()], ["über"]))
