"""`kinora rerun` makes the very same frames, whichever verb made the film."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinora.cli.main import main
from kinora.media.image import save_still
from kinora.media.read import read
from kinora.media.sidecar import read_sidecar, sidecar_path
from kinora.models.store import save_bundle
from kinora.timeline.deliver import latents_path, stored_latents
from tiny import tiny_bundle

Capture = pytest.CaptureFixture[str]
BOARD = ["seconds = 3", "steps = 1", "width = 64", "height = 64"]
COMMON = ["--seed", "3", "--steps", "1", "-q", "-o", "b.mp4"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("film") / "a.mp4"
    words = ["generate", "a red ball", "--seconds", "2", "--size", "64x64", "--seed", "1"]
    assert main([*words, "--steps", "1", "--model", str(model), "-q", "-o", str(file)]) == 0
    return file


@pytest.fixture
def film(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of the film with all that lies beside it, in the working folder."""
    for file in made.parent.glob("a.mp4*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[16:48, 16:48] = 255
    save_still(tmp_path / "mask.png", mask, kind="PNG")
    monkeypatch.chdir(tmp_path)
    return "a.mp4"


def rerun(file: str, model: Path, capsys: Capture, *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["rerun", file, "--model", str(model), "--json", "-q", *more]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize(
    "words",
    [
        ["extend", "a.mp4", "--seconds", "1", "--prompt", "a blue cube", "--guidance", "2"],
        ["extend", "a.mp4", "--seconds", "1", "--backward"],
        ["loop", "a.mp4", "--bridge", "short"],
        ["blend", "a.mp4", "a.mp4", "--seconds", "1", "--curve", "late"],
        ["remix", "a.mp4", "--strength", "0.4", "--prompt", "a red ball", "--expand"],
        ["retake", "a.mp4", "--from", "1"],
        ["recut", "a.mp4", "--from", "0.5", "--seconds", "2"],
        ["edit", "a.mp4", "--outpaint", "96x64"],
        ["edit", "a.mp4", "--mask", "mask.png", "--prompt", "a cone"],
        ["animate", "mask.png", "a.mp4@-0", "--seconds", "1", "--size", "96x64"],
    ],
    ids=lambda words: "-".join(words[:1] + words[2:4]),
)
def test_every_edit(words: list[str], film: str, model: Path, capsys: Capture) -> None:
    del film
    assert main([*words, *COMMON, "--model", str(model)]) == 0
    told = rerun("b.mp4", model, capsys)
    assert told == {"file": "b-again.mp4", "same_latents": True, "same_frames": True}
    before, after = (read_sidecar(Path(name)) for name in ("b.mp4", "b-again.mp4"))
    assert (after.options, after.shots, after.verb) == (before.options, before.shots, before.verb)


def test_without_the_words(film: str, model: Path, capsys: Capture) -> None:
    cards = [*BOARD, "[[card]]", "at = 0", 'prompt = "a red ball"']
    Path("board.toml").write_text("\n".join(cards))
    tiny = ["--model", str(model), "-q"]
    assert main(["storyboard", "board.toml", *tiny]) == 0
    assert main(["retake", film, "--from", "1", "--prompt", "a red ball", *COMMON, *tiny]) == 0
    for file, again in ((film, "a-again"), ("b.mp4", "b-again"), ("board.mp4", "board-again")):
        assert rerun(file, model, capsys, "--no-metadata")["same_frames"] is True
        told = sidecar_path(Path(f"{again}.mp4")).read_text()
        assert "red ball" not in told
        assert main(["rerun", f"{again}.mp4", *tiny]) == 3
        assert "was written with --no-metadata" in capsys.readouterr().err


def test_one_of_several_angles(film: str, tmp_path: Path, capsys: Capture) -> None:
    bundle = tiny_bundle()
    object.__setattr__(bundle, "index", bundle.index.model_copy(update={"views": True}))
    model = save_bundle(bundle, tmp_path / "views")
    assert main(["angles", film, "--views", "left, 2", *COMMON, "--model", str(model)]) == 0
    assert rerun("b-2.mp4", model, capsys)["same_frames"] is True
    for typed, why in {
        "99": "left (1)",
        "-1": "left (1)",
        "left,0": "from front (0) already",
    }.items():
        out = ["--steps", "1", "-q", "-o", "c.mp4", "--model", str(model)]
        assert main(["angles", film, f"--views={typed}", *out]) == 2
        assert why in capsys.readouterr().err
    assert not list(Path().glob("c*.mp4"))
    before = Path("b-1.mp4").read_bytes()
    back = ["angles", "b-1.mp4", "--views", "front,2", *COMMON, "--model", str(model)]
    assert main(back) == 2
    assert "b-1.mp4 would be written over what it is made from" in capsys.readouterr().err
    assert Path("b-1.mp4").read_bytes() == before


def test_characters_are_looked_at_again(film: str, model: Path, capsys: Capture) -> None:
    assert main(["character", "add", "mia", "--from", film, "--words", "red ball"]) == 0
    size = ["--seconds", "1", "--size", "64x64"]
    assert main(["generate", "mia bounces", *size, *COMMON, "--model", str(model)]) == 0
    assert len(stored_latents(Path("b.mp4"))["references"]) == 1
    extended = ["extend", "b.mp4", "--seconds", "1", "--seed", "5", "--steps", "1", "-q"]
    assert main([*extended, "-o", "c.mp4", "--model", str(model)]) == 0
    assert len(stored_latents(Path("c.mp4"))["references"]) == 1, "who is there stays there"
    assert main(["character", "remove", "mia"]) == 0
    assert rerun("b.mp4", model, capsys)["same_latents"] is True
    assert rerun("c.mp4", model, capsys)["same_frames"] is True
    latents_path(Path("b.mp4")).unlink()
    assert main(["rerun", "b.mp4", "--model", str(model), "-q"]) == 3
    assert "no character mia" in capsys.readouterr().err


def test_a_storyboard(film: str, model: Path, capsys: Capture) -> None:
    cards = [*BOARD, "[[card]]", "at = 0", f'clip = "{film}"', "seconds = 1"]
    cards += ["[[card]]", "at = 1", 'prompt = "a red ball"', "[[card]]", "at = 2"]
    cards += ['prompt = "a blue cube"', 'enter = "flow"', "seed = 4"]
    Path("board.toml").write_text("\n".join(cards))
    assert main(["storyboard", "board.toml", "--model", str(model), "-q"]) == 0
    assert rerun("board.mp4", model, capsys)["same_frames"] is True
    read_sidecar(Path("board-again.mp4"))


def test_a_storyboard_with_a_character(film: str, model: Path, capsys: Capture) -> None:
    mia = ["character", "add", "mia", "--from", film, "--words"]
    assert main([*mia, "red ball"]) == 0
    cards = [*BOARD, "[[card]]", "at = 0", 'prompt = "mia bounces"']
    Path("board.toml").write_text("\n".join(cards))
    assert main(["storyboard", "board.toml", "--model", str(model), "-q"]) == 0
    assert len(stored_latents(Path("board.mp4"))["references"]) == 1
    assert rerun("board.mp4", model, capsys)["same_frames"] is True
    extended = ["extend", "board.mp4", "--seconds", "1", "--seed", "5", "--steps", "1", "-q"]
    assert main([*extended, "-o", "c.mp4", "--model", str(model)]) == 0
    assert len(stored_latents(Path("c.mp4"))["references"]) == 1, "who is there stays there"
    assert main(["character", "remove", "mia"]) == 0
    assert main([*mia, "blue cube"]) == 0
    assert main(["rerun", "board.mp4", "--model", str(model), "-q"]) == 3
    assert "a character is described otherwise now" in capsys.readouterr().err


def test_from_another_folder(film: str, model: Path, tmp_path: Path, capsys: Capture,
                             monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    assert main(["loop", film, *COMMON, "--model", str(model)]) == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert rerun("../b.mp4", model, capsys)["same_frames"] is True
    assert main(["rerun", "../b.mp4", "--model", str(model), "-q", "-o", "../a.mp4"]) == 2
    assert "would be written over what it is made from" in capsys.readouterr().err
    assert len(read(tmp_path / "b-again.mp4").clip) == len(read(tmp_path / "b.mp4").clip)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda: Path("a.mp4").unlink(), "a.mp4 is gone"),
        (lambda: Path("a.mp4").write_bytes(b"x"), "a.mp4 was changed"),
        (lambda: latents_path(Path("a.mp4")).unlink(), "a.mp4.latents is gone"),
    ],
)
def test_what_is_not_what_it_was_is_told(
    change: Any, why: str, film: str, model: Path, capsys: Capture
) -> None:
    assert main(["loop", film, *COMMON, "--model", str(model)]) == 0
    change()
    assert main(["rerun", "b.mp4", "--model", str(model), "-q"]) == 3
    assert why in capsys.readouterr().err


def test_nothing_is_written_over_what_it_is_made_from(
    film: str, model: Path, capsys: Capture
) -> None:
    assert main(["loop", film, *COMMON, "--model", str(model)]) == 0
    before = Path("a.mp4").read_bytes(), Path("b.mp4").read_bytes()
    for out in ("a.mp4", "b.mp4"):
        assert main(["rerun", "b.mp4", "--model", str(model), "-q", "-o", out]) == 2
        assert f"{out} would be written over" in capsys.readouterr().err
    assert (Path("a.mp4").read_bytes(), Path("b.mp4").read_bytes()) == before
