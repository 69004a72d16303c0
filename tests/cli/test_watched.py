"""`--verify` of storyboards and edits: the best take is delivered, and what it breaks is told."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinora.cli.main import main
from kinora.cli.storyboard import onward
from kinora.core.seed import derive
from kinora.media.image import save_still
from kinora.media.sidecar import Sidecar, read_sidecar
from kinora.models.store import save_bundle
from kinora.timeline.project import project
from tiny import tiny_bundle

BOARD = """
seconds = 2
width = 64
height = 64
[[card]]
at = 0
prompt = "a red ball on grass"
[[card]]
at = 1
seed = 5
prompt = "a blue cube on sand"
"""
VERIFY = ["--verify", "--tries", "2", "--json"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capfd: pytest.CaptureFixture[str], *words: object) -> tuple[dict[str, Any], list[str]]:
    """What a command tells as JSON, and the stages of its progress."""
    capfd.readouterr()
    assert main([str(word) for word in words]) == 0
    told = capfd.readouterr()
    lines = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    result: dict[str, Any] = json.loads(told.out)
    return result, [line["stage"] for line in lines]


def windows(told: Sidecar) -> list[dict[str, Any]]:
    ledger: Any = told.options["ledger"]
    found: list[dict[str, Any]] = ledger["windows"]
    return found


def test_a_board_is_made_of_the_takes_that_keep_the_most(
    model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("board.toml").write_text(BOARD)
    words = ["storyboard", "board.toml", "--model", model, "--seed", 3, "--steps", 1, *VERIFY]
    made, stages = run(capfd, *words)
    assert "caption" in stages
    told = read_sidecar(Path("board.mp4"))
    assert told.options["verify"] == 2
    # The tiny model paints noise, which keeps hardly anything.
    assert [(each["start"], each["tries"]) for each in windows(told)] == [(0, 2), (1, 2)]
    entries = [entry for each in windows(told) for entry in each["entries"]]
    broken = sum(entry["wanted"] != entry["found"] for entry in entries)
    assert sum("should be" in line for line in made["notes"]) == broken > 0
    chosen = project().history().present
    assert told.options["timeline"] == chosen.model_dump(mode="json")
    assert chosen.steps == 1
    for shot, seed in zip(chosen.shots(), (3, 5), strict=True):
        assert shot.seed in {seed, derive(seed, "again", 1)}

    again, stages = run(capfd, *words)
    assert again["notes"] == made["notes"]
    assert "denoise" not in stages, "every take is there already"
    same, _ = run(capfd, "rerun", "board.mp4", "--model", model, "--json")
    assert same["same_latents"] is True
    assert windows(read_sidecar(Path("board-again.mp4"))) == windows(told)


def test_watching_alone_makes_the_same_board(model: Path, tmp_path: Path) -> None:
    Path("board.toml").write_text(BOARD)
    words = ["storyboard", "board.toml", "--model", str(model), "--steps", "1", "-q"]
    assert main([*words, "-o", "plain.mp4"]) == 0
    assert main([*words, "--verify", "--tries", "1", "-o", "seen.mp4"]) == 0
    latents = [Path(f"{name}.mp4.latents").read_bytes() for name in ("plain", "seen")]
    assert latents[0] == latents[1]
    assert {each["tries"] for each in windows(read_sidecar(Path("seen.mp4")))} == {1}


@pytest.fixture(scope="module")
def film(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("film") / "a.mp4"
    words = ["generate", "a red ball", "--seconds", "2", "--size", "64x64", "--seed", "1"]
    assert main([*words, "--steps", "1", "--model", str(model), "-q", "-o", str(file)]) == 0
    return file


@pytest.mark.parametrize(
    ("verb", "words", "span"),
    [
        ("extend", ["--seconds", "1"], (17, 25)),
        ("retake", ["--from", "1", "--prompt", "a blue cube"], (8, 17)),
        ("remix", ["--prompt", "a blue cube"], (0, 17)),
        ("recut", ["--from", "1", "--seconds", "2"], (9, 17)),
    ],
)
def test_an_edit_is_the_take_that_keeps_the_most(
    verb: str, words: list[str], span: tuple[int, int], model: Path, film: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    common = ["--seed", 3, "--steps", 1, "--model", model, "-o", "b.mp4"]
    made, stages = run(capfd, verb, film, *words, *common, *VERIFY)
    assert "caption" in stages
    told = read_sidecar(Path("b.mp4"))
    assert told.options["verify"] == 2
    (window,) = windows(told)
    assert (round(window["start"] * 8), round(window["end"] * 8), window["tries"]) == (*span, 2)
    broken = sum(entry["wanted"] != entry["found"] for entry in window["entries"])
    (delivered,) = made["films"]
    assert delivered["seed"] == 3, "the same words make the same film"
    assert sum("should be" in line for line in delivered["notes"]) == broken > 0
    edit: Any = told.options["edit"]
    assert edit["seed"] in {3, derive(3, "again", 1)}
    same, _ = run(capfd, "rerun", "b.mp4", "--model", model, "--json")
    assert same["same_latents"] is True
    assert windows(read_sidecar(Path("b-again.mp4"))) == windows(told)


def test_moving_pictures_are_watched_too(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save_still(Path("p.png"), np.full((64, 64, 3), 80, np.uint8), kind="PNG")
    words = ["animate", "p.png", "--seconds", 1, "--prompt", "a red ball", "--seed", 3]
    run(capfd, *words, "--steps", 1, "--model", model, "-o", "b.mp4", *VERIFY)
    assert [each["tries"] for each in windows(read_sidecar(Path("b.mp4")))] == [2]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["blend", "FILM", "FILM"], "promises neither's words"),
        (["recut", "FILM", "--from", "1"], "--seconds"),
        (["animate", "p.png"], "Say it with --prompt"),
    ],
)
def test_where_nothing_is_promised_nothing_is_watched(
    words: list[str], why: str, model: Path, film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_still(Path("p.png"), np.full((64, 64, 3), 80, np.uint8), kind="PNG")
    typed = [str(film) if word == "FILM" else word for word in words]
    assert main([*typed, "--model", str(model), "--verify", "-q", "-o", "b.mp4"]) == 2
    assert why in capsys.readouterr().err
    assert not Path("b.mp4").exists()


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["storyboard", "--seed", "3"], 2, "has a seed already"),
        (["storyboard", "board.toml", "--lora", "x.safetensors"], 2, "is our own"),
        (["storyboard", "board.toml", "--guidance", "0"], 2, "guidance"),
        (["storyboard", "board.toml", "-o", "film.xyz"], 2, "film.xyz"),
    ],
)
def test_what_a_board_cannot_be_is_told(
    words: list[str], code: int, why: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("board.toml").write_text(BOARD)
    assert main([*words, "--model", str(model), "-q"]) == code
    error = capsys.readouterr().err
    assert why in error
    assert len(error.splitlines()) == 1


def test_what_goes_on_undoes_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["kinora", "storyboard", "--undo", "--verify", "--steps", "2"])
    assert onward() == ["storyboard", "--verify", "--steps", "2"]
