"""`kinora info` tells what a file is, how it was made and whether it still is what was made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.media.measure import Measured, Seam
from kinora.media.sidecar import Shot, Sidecar, sidecar_path, write_sidecar
from kinora.media.write import save

Command = Callable[..., Any]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    told = Sidecar(verb="generate", created="2026-11-22", shots=(Shot(prompt="a ball"),), seed=7)
    save(Clip(np.zeros((24, 32, 48, 3), np.uint8), 12), path, comment=told.recipe())
    write_sidecar(told, path)
    return path


def document(kinora: Command, film: Path) -> dict[str, Any]:
    result = kinora("info", film, "--json")
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_film_with_its_sidecar(film: Path, kinora: Command) -> None:
    told = document(kinora, film)
    assert (told["width"], told["height"], told["seconds"]) == (48, 32, 2)
    assert (told["told_by"], told["unchanged"]) == ("sidecar", True)
    assert told["made"]["seed"] == 7
    assert told["made"]["schema_version"] == 1


def test_the_copy_inside_speaks_where_the_sidecar_is_lost(film: Path, kinora: Command) -> None:
    sidecar_path(film).unlink()
    told = document(kinora, film)
    assert (told["told_by"], told["unchanged"]) == ("comment", None)
    assert told["made"]["shots"][0]["prompt"] == "a ball"


def test_a_file_that_was_changed(film: Path, kinora: Command) -> None:
    with film.open("ab") as file:
        file.write(b"\0" * 8)
    assert document(kinora, film)["unchanged"] is False


def test_somebody_elses_film(film: Path, kinora: Command) -> None:
    sidecar_path(film).unlink()
    save(Clip(np.zeros((4, 32, 48, 3), np.uint8), 12), film, comment="holiday")
    told = document(kinora, film)
    assert (told["told_by"], told["comment"]) == ("nobody", "holiday")
    assert "made" not in told


def test_seams_for_a_reader(film: Path, kinora: Command) -> None:
    measured = Measured(seams=(Seam(at=1.5, step=2.0, usual=3.0),))
    write_sidecar(Sidecar(verb="extend", measured=measured), film)
    assert "the seam at 1.5 s is a step of 2.0" in kinora("info", film).stdout


def test_for_a_reader(film: Path, kinora: Command) -> None:
    lines = kinora("info", film).stdout
    assert "BT.709 limited range" in lines
    assert "a ball" in lines


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("absent.mp4", None, 3), ("empty.mp4", b"", 6), ("text.mp4", b"once upon a time", 6)],
)
def test_files_that_tell_nothing(
    name: str, content: bytes | None, code: int, kinora: Command, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = kinora("info", name)
    assert result.returncode == code
    assert result.stderr.startswith("kinora: ")
    assert result.stderr.count("\n") == 1


def test_a_newer_sidecar_is_an_error(film: Path, kinora: Command) -> None:
    sidecar_path(film).write_text('{"schema_version": 99}')
    result = kinora("info", film)
    assert (result.returncode, "newer Kinora" in result.stderr) == (1, True)
