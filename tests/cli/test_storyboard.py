"""`kinora storyboard`: what is typed beside the cards, in the film, its sidecar and its project."""

import json
from pathlib import Path

import pytest

from kinora.cli.main import main
from kinora.media.probe import probe
from kinora.media.sidecar import read_sidecar
from kinora.models.store import save_bundle
from kinora.timeline.deliver import latents_path
from kinora.timeline.project import project
from tiny import STEPS, tiny_bundle, tiny_student

Capture = pytest.CaptureFixture[str]
BOARD = """seconds = 1
width = 64
height = 64
[[card]]
at = 0
prompt = "a red ball"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.toml").write_text(BOARD)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model")))


def test_what_to_stay_away_from_is_kept_and_heard_again(model: str, capsys: Capture) -> None:
    common = ["--model", model, "-q"]
    for out, words in {"a.mp4": [], "b.mp4": ["--negative", "a cone"]}.items():
        assert main(["storyboard", "b.toml", "--steps", "1", *words, *common, "-o", out]) == 0
    assert latents_path(Path("a.mp4")).read_bytes() != latents_path(Path("b.mp4")).read_bytes()
    assert read_sidecar(Path("b.mp4")).options["negative"] == "a cone"
    assert project().history().present.negative == "a cone"
    capsys.readouterr()
    assert main(["rerun", "b.mp4", *common, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same_latents"] is True
    Path("b.toml").write_text('negative = "a cone"\n' + BOARD)
    assert main(["storyboard", "b.toml", "--steps", "1", *common, "-o", "c.mp4"]) == 0
    assert latents_path(Path("c.mp4")).read_bytes() == latents_path(Path("b.mp4")).read_bytes()


def test_the_teacher_stays_away_from_what_a_student_cannot(tmp_path: Path) -> None:
    common = ["--model", str(tiny_student(tmp_path / "models")), "-q", "-o"]

    def made(*words: str) -> tuple[str, int, float]:
        assert main([*words, *common, "x.mp4"]) == 0
        told = read_sidecar(Path("x.mp4"))
        assert told.model is not None
        assert told.sampling is not None
        return told.model.id, told.sampling.steps, told.sampling.guidance

    board = ["storyboard", "b.toml"]
    assert made(*board) == ("few", 2, 1.0)
    assert made(*board, "--negative", "a cone") == ("many", STEPS[1], 3.0)
    assert made(*board, "--negative", "a cone", "--guidance", "2") == ("few", 2, 2.0)
    Path("x.mp4").rename("a.mp4")
    edit = ["remix", "a.mp4", "--prompt", "a cube", "--seed", "1"]
    assert made(*edit) == ("few", 2, 1.0)
    assert made(*edit, "--negative", "a cone") == ("many", STEPS[1], 3.0)


@pytest.mark.parametrize("watched", [[], ["--verify", "--tries", "1"]])
def test_words_can_be_left_out(watched: list[str], model: str, capsys: Capture) -> None:
    words = ["--negative", "a cone", "--expand", *watched, "--no-metadata"]
    assert main(["storyboard", "b.toml", "--steps", "1", *words, "--model", model, "-q"]) == 0
    told = Path("b.mp4.json").read_text() + probe(Path("b.mp4")).comment
    assert "tiny-test" in told
    assert not [word for word in ("ball", "cone") if word in told]
    assert next(project().history().present.shots()).prompt == "a red ball", "the project has it"
    assert main(["rerun", "b.mp4", "--model", model, "-q"]) == 3
    assert "--no-metadata" in capsys.readouterr().err
