import numpy as np
import pytest

from kinora.caption.glimpse import AREA, GRAIN, shrink, small_size, to_input


@pytest.mark.parametrize(("height", "width"), [(160, 256), (256, 160), (1080, 1920), (64, 64)])
def test_any_size_becomes_about_the_same_area_in_whole_grains(height: int, width: int) -> None:
    rows, columns = small_size(height, width)
    assert rows % GRAIN == 0 and columns % GRAIN == 0
    assert 0.6 < rows * columns / AREA < 1.6
    assert 0.7 < (rows / columns) / (height / width) < 1.4


def test_shrinking_averages_what_it_merges() -> None:
    board = np.indices((160, 256)).sum(0) % 2 * 255
    frames = np.repeat(board[None, ..., None], 3, axis=-1).astype(np.uint8)
    small = shrink(frames)
    assert small.shape == (1, 80, 128, 3)
    assert abs(float(small[:, 4:-4, 4:-4].mean()) - 127.5) < 2
    assert small[:, 4:-4, 4:-4].std() < 20


def test_input_spans_minus_one_to_one() -> None:
    frames = np.zeros((1, 16, 16, 3), np.uint8)
    frames[0, 0, 0] = 255
    pixels = to_input(frames)
    assert (float(pixels.min()), float(pixels.max())) == (-1.0, 1.0)
