"""Films as numbered pictures and as GIFs: made, told of, gone on with and made again, by every verb."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinora.cli.main import main
from kinora.core.clip import Clip
from kinora.core.errors import KinoraError
from kinora.media import sidecar
from kinora.media.read import read
from kinora.media.sidecar import read_sidecar, sha256
from kinora.media.write import save
from kinora.models.store import save_bundle
from kinora.timeline.deliver import latents_path
from tiny import tiny_bundle

Capture = pytest.CaptureFixture[str]
FRAMES = {f"frame-{number:04d}.png" for number in range(1, 10)}
BESIDE = {"frame-0000.png.json", "frame-0000.png.latents"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model")))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(model: str, out: str, *words: str, seconds: int = 1) -> int:
    wish = ["a red ball", "--seconds", str(seconds), "--size", "64x64", "--steps", "1"]
    return main(["generate", *wish, "--seed", "7", "--model", model, "-q", "-o", out, *words])


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def told(capsys: Capture, *words: str) -> Any:
    capsys.readouterr()
    quiet = [] if words[0] == "info" else ["-q"]
    assert main([*words, *quiet, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_pattern(here: Path, model: str, capsys: Capture) -> None:
    assert generate(model, "frame-%04d.png") == 0
    assert names(here) == FRAMES | BESIDE
    film = told(capsys, "info", "frame-%04d.png")
    assert (film["kind"], film["frames"], film["fps"]) == ("video", 9, 8)
    assert (film["told_by"], film["unchanged"], film["made"]["seed"]) == ("sidecar", True, 7)
    assert film["made"]["output"]["bytes"] == film["bytes"]
    Path("frame-0005.png").write_bytes(Path("frame-0004.png").read_bytes())
    assert told(capsys, "info", "frame-%04d.png")["unchanged"] is False


@pytest.mark.parametrize("out", ["folder", "."])
def test_a_folder(out: str, here: Path, model: str, capsys: Capture) -> None:
    folder = here / out
    folder.mkdir(exist_ok=True)
    assert generate(model, out) == 0
    beside = {"0000.png.json", "0000.png.latents"}
    assert names(folder) == {f"{number:04d}.png" for number in range(1, 10)} | beside
    assert told(capsys, "info", out)["unchanged"] is True
    again = told(capsys, "rerun", out, "--model", model)
    assert again == {
        "file": str(Path(out) / "%04d-again.png"), "same_latents": True, "same_frames": True
    }  # fmt: skip


def test_a_gif(here: Path, model: str, capsys: Capture) -> None:
    assert generate(model, "a.gif") == 0
    assert names(here) == {"a.gif", "a.gif.json", "a.gif.latents"}
    assert told(capsys, "info", "a.gif")["unchanged"] is True
    again = told(capsys, "rerun", "a.gif", "--model", model)
    assert again == {"file": "a-again.gif", "same_latents": True, "same_frames": True}


def test_many(here: Path, model: str) -> None:
    (here / "folder").mkdir()
    for out in ("frame-%04d.png", "folder"):
        assert generate(model, out, "-n", "2") == 0
    assert {"frame-0009-7.png", "frame-0009-8.png", "frame-0000-8.png.json"} <= names(here)
    assert {"0009-7.png", "0009-8.png", "0000-8.png.json"} <= names(here / "folder")


def test_a_film_that_is_written_while_it_is_made(here: Path, model: str, capsys: Capture) -> None:
    assert generate(model, "m-%03d.png", seconds=11) == 0
    made = read_sidecar(Path("m-%03d.png")).made
    assert made is not None
    assert len(names(here)) == made.frames + 2
    assert latents_path(Path("m-%03d.png")) == Path("m-000.png.latents")
    again = told(capsys, "rerun", "m-%03d.png", "--model", model)
    assert again == {"file": "m-%03d-again.png", "same_latents": True, "same_frames": True}


def test_an_edit_goes_on_from_the_latents_beside_a_sequence(
    here: Path, model: str, capsys: Capture
) -> None:
    assert generate(model, "frame-%04d.png") == 0
    common = ["--steps", "1", "--seed", "3", "--model", model]
    edit = ["extend", "frame-%04d.png", "--seconds", "1", *common]
    (longer,) = told(capsys, *edit, "-o", "long-%d.png")["films"]
    assert longer["notes"] == [], "no frame had to be encoded"
    first, both = (read(Path(name)).clip for name in ("frame-%04d.png", "long-%d.png"))
    assert both.fps == first.fps == 8
    assert np.array_equal(both.frames[: len(first)], first.frames)
    (parent,) = read_sidecar(Path("long-%d.png")).parents
    assert parent.sha256 == sha256(Path("frame-%04d.png"))
    assert told(capsys, *edit)["films"][0]["file"] == "frame-0000-extend-3.mp4"
    assert told(capsys, "rerun", "long-%d.png", "--model", model)["same_frames"] is True
    Path("frame-0005.png").write_bytes(Path("frame-0004.png").read_bytes())
    assert main(["rerun", "long-%d.png", "--model", model, "-q", "-o", "x-%d.png"]) == 3
    assert "frame-%04d.png was changed" in capsys.readouterr().err


def test_what_cannot_be_finished_is_not_there(
    here: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: Path, data: bytes) -> None:
        raise KinoraError(f"cannot write {target} of {len(data)} bytes")

    with monkeypatch.context() as disk:
        disk.setattr(sidecar, "write_bytes", full)
        assert generate(model, "frame-%04d.png") == 1
    assert not [name for name in names(here) if name.startswith("frame")]
    assert generate(model, "frame-%04d.png") == 0, "the second try is not refused"


def test_a_storyboard_of_a_sequence(model: str, capsys: Capture) -> None:
    assert generate(model, "frame-%04d.png") == 0
    cards = ["steps = 1", "width = 64", "height = 64", "seconds = 2", "[[card]]", "at = 0"]
    cards += ['clip = "frame-%04d.png"', "seconds = 1", "[[card]]", "at = 1", 'prompt = "a cube"']
    Path("board.toml").write_text("\n".join(cards))
    words = ["storyboard", "board.toml", "--model", model, "-o", "board-%03d.png", "-q"]
    assert main(words) == 0
    assert told(capsys, "rerun", "board-%03d.png", "--model", model)["same_frames"] is True


def test_pictures_of_others_are_taken_wherever_a_film_is(model: str, capsys: Capture) -> None:
    Path("folder").mkdir()
    shades = 255 - np.arange(4, dtype=np.uint8)[:, None, None, None] * 60
    save(Clip(np.broadcast_to(shades, (4, 64, 64, 3)).copy(), 8), Path("folder"))
    common = ["--steps", "1", "--seed", "3", "--model", model]
    longer = told(capsys, "extend", "folder", "--seconds", "1", *common, "-o", "a.mp4")
    assert "folder: 1 frames a second became 8" in longer["films"][0]["notes"]
    masked = ["edit", "a.mp4", "--mask", "folder", "--prompt", "a cone", *common]
    for words in (["animate", "folder", "--seconds", "1", *common], masked, ["caption", "folder"]):
        assert told(capsys, *words)
    assert main(["character", "add", "mia", "--from", "folder"]) == 0


def test_a_folder_of_other_names_is_told_how_to_be_named(capsys: Capture) -> None:
    Path("folder").mkdir()
    save(Clip(np.zeros((2, 64, 64, 3), np.uint8), 8), Path("folder/shot-%03d.png"))
    for verb in ("info", "caption", "verify", "extend"):
        assert main([verb, "folder"]) == 6
        assert "by their pattern, such as folder/frame-%04d.png" in capsys.readouterr().err
        assert main(["info", "folder/shot-%03d.png"]) == 0
