"""`--verify` of storyboards and edits: the best take is delivered, and what it breaks is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from kinora.cli.main import main
from kinora.core.seed import derive
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


def test_watching_alone_makes_the_same_board(model: Path, tmp_path: Path) -> None:
    Path("board.toml").write_text(BOARD)
    words = ["storyboard", "board.toml", "--model", str(model), "--steps", "1", "-q"]
    assert main([*words, "-o", "plain.mp4"]) == 0
    assert main([*words, "--verify", "--tries", "1", "-o", "seen.mp4"]) == 0
    latents = [Path(f"{name}.mp4.latents").read_bytes() for name in ("plain", "seen")]
    assert latents[0] == latents[1]
    assert {each["tries"] for each in windows(read_sidecar(Path("seen.mp4")))} == {1}


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
