"""`--hd`: drawn larger, made again as large, edited at the size it was dreamt in."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kinora.autoencoder.fine import FineConfig, FineDecoder
from kinora.models.store import save_bundle
from tiny import tiny_bundle

Kinora = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fine = FineDecoder(FineConfig(times=2, width=16, depth=1))
    return save_bundle(replace(tiny_bundle(), fine={2: fine}), tmp_path_factory.mktemp("hd"))


def test_a_large_film_is_made_again_and_edited(
    kinora: Kinora, folder: Path, tmp_path: Path
) -> None:
    wish = ("--model", folder, "--seconds", 1, "--preset", "draft", "--seed", 3, "--hd", 2)
    made = kinora("generate", "a red ball", *wish, "--out", "film.mp4", "--quiet")
    assert made.returncode == 0, made.stderr
    told = json.loads((tmp_path / "film.mp4.json").read_text())
    assert (told["made"]["width"], told["asked"]["width"]) == (192, 96)
    assert told["options"]["hd"] == 2
    assert told["sampling"]["steps"] == 2

    again = kinora("rerun", "film.mp4", "--model", folder, "--quiet", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["same_frames"] is True

    longer = ("--model", folder, "--seconds", 1, "--steps", 2, "--out", "longer.mp4", "--quiet")
    extended = kinora("extend", "film.mp4", *longer)
    assert extended.returncode == 0, extended.stderr
    assert json.loads((tmp_path / "longer.mp4.json").read_text())["made"]["width"] == 96

    right = ("--box", "120,0,72,128", "--prompt", "a blue cube", *longer[:2], *longer[4:])
    changed = kinora("edit", "film.mp4", *right)
    assert changed.returncode == 0, changed.stderr


def test_what_is_missing_and_what_nobody_draws(kinora: Kinora, folder: Path) -> None:
    missing = kinora("generate", "a red ball", "--model", folder, "--hd", 4)
    assert missing.returncode == 3
    assert "kinora train fine_4x_tiny" in missing.stderr
    assert kinora("generate", "a red ball", "--hd", 3).returncode == 2
