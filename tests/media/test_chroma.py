"""Colour survives being written and read, again and again, where it is and as strong as it is."""

from pathlib import Path

import numpy as np
import pytest

from kinora.core.clip import Clip, Frames
from kinora.media.read import read
from kinora.media.video import KEEPING, QUALITY
from kinora.media.write import save


def scene(shift: int = 0) -> Frames:
    """`[9 64 96 3]`: sharp things of strong colours on noise, a disc that moves, a bar that `shift` moves."""
    noise = np.random.default_rng(0).normal(0, 6, (64, 96, 1))
    y, x = np.mgrid[:64, :96]
    frames = np.empty((9, 64, 96, 3), np.uint8)
    for t in range(9):
        picture = np.array([70.0, 140.0, 60.0]) + noise
        picture[(x - 20 - 2 * t) ** 2 + (y - 30) ** 2 < 144] = (220, 30, 30)
        picture[40:60, 30:55] = (30, 60, 220)
        picture[5:20, 70 + shift : 76 + shift] = (240, 220, 40)
        frames[t] = picture.clip(0, 255)
    return frames


def psnr(one: Frames, two: Frames) -> float:
    error = np.mean((one.astype(np.float64) - two) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def written(frames: Frames, folder: Path, *, quality: int = QUALITY) -> Frames:
    file = folder / "a.mp4"
    save(Clip(frames, 8.0), file, quality=quality)
    return read(file).clip.frames


def test_what_was_read_is_written_as_it_was(tmp_path: Path) -> None:
    first = written(scene(), tmp_path)
    second = written(first, tmp_path)
    fifth = second
    for _ in range(3):
        fifth = written(fifth, tmp_path)
    assert psnr(first, second) > 45
    assert psnr(first, fifth) > 42, "generations hardly add up"


def test_kept_pixels_of_an_edit_stay_in_the_file(tmp_path: Path) -> None:
    first = written(scene(), tmp_path)
    edited = first.copy()
    edited[:, 0:24, 60:96] = scene(shift=8)[:, 0:24, 60:96]
    usual, finer = written(edited, tmp_path), written(edited, tmp_path, quality=KEEPING)
    assert psnr(first[:, 32:], usual[:, 32:]) > 45
    assert psnr(first[:, 32:], finer[:, 32:]) > psnr(first[:, 32:], usual[:, 32:]) + 1


@pytest.mark.parametrize("axis", [1, 2])
def test_colour_does_not_move(axis: int, tmp_path: Path) -> None:
    frames = np.full((1, 64, 64, 3), 90, np.uint8)
    middle = [slice(None)] * 4
    middle[axis] = slice(24, 40)
    frames[tuple(middle)] = (200, 40, 40)
    red = written(frames.repeat(3, 0), tmp_path)[1].astype(float)
    red = (red[..., 0] - red[..., 1]).clip(0)
    place = np.arange(64) @ red.sum(2 - axis) / red.sum()
    assert abs(place - 31.5) < 0.25, "the usual way moves it by half a pixel to the side"
