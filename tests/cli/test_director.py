"""Who writes a prompt out, and that both prompts are kept: a writer over HTTP, real files, a tiny model."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinora.cli.main import main
from kinora.media.sidecar import Shot, read_sidecar
from kinora.models.store import save_bundle
from kinora.timeline.project import project
from tiny import tiny_bundle
from writers import TEXT, Writer, writing

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model")))


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    monkeypatch.chdir(tmp_path)
    with writing() as server:
        yield server


@pytest.fixture
def common(model: str) -> list[str]:
    return ["--model", model, "--steps", "1", "--seed", "3", "-q"]


@pytest.fixture
def asking(writer: Writer) -> list[str]:
    return ["--endpoint", writer.url, "--writer", "good"]


SIZE = ["--seconds", "1", "--size", "64x64"]


def test_one_answer_is_shown_stored_and_filmed_again(
    writer: Writer, common: list[str], asking: list[str], capsys: Capture
) -> None:
    words = ["generate", "a ball", *SIZE, *common, *asking, "-o", "a.mp4"]
    assert main([*words, "-n", "2", "--json"]) == 0
    films = json.loads(capsys.readouterr().out)["films"]
    assert [film["notes"][0] for film in films] == [f"Expanded: {TEXT}"] * 2
    shots = [read_sidecar(Path(film["file"])).shots for film in films]
    assert shots == [(Shot(prompt="a ball", expansion=TEXT),)] * 2
    assert len(writer.asked) == 1
    assert main(["rerun", "a-3.mp4", *common[:2], "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["same_frames"] is True
    assert read_sidecar(Path("a-3-again.mp4")).shots == shots[0]
    assert len(writer.asked) == 1, "what is stored needs no writer"


def test_an_edit_asks_for_its_new_words_alone(
    writer: Writer, common: list[str], asking: list[str], capsys: Capture
) -> None:
    assert main(["generate", "a cone", *SIZE, *common, "-o", "a.mp4"]) == 0
    words = ["extend", "a.mp4", "--seconds", "1", *common, *asking, "-o", "b.mp4"]
    assert main(words) == 0
    assert not writer.asked
    assert main([*words, "--prompt", "a ball"]) == 0
    assert read_sidecar(Path("b.mp4")).shots[1] == Shot(prompt="a ball", expansion=TEXT)
    capsys.readouterr()
    assert main(["rerun", "b.mp4", *common[:2], "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["same_frames"] is True
    assert len(writer.asked) == 1


def test_a_wish_is_kept_beside_what_was_made_of_it_by_hand(
    writer: Writer, common: list[str], asking: list[str], capsys: Capture
) -> None:
    words = ["generate", TEXT, *SIZE, *common]
    assert main([*words, "--wish", "A ball!"]) == 0
    assert capsys.readouterr().out.strip() == "a-ball-3.mp4"
    assert read_sidecar(Path("a-ball-3.mp4")).shots == (Shot(prompt="A ball!", expansion=TEXT),)
    assert main([*words, "-o", "b.mp4"]) == 0
    assert Path("b.mp4.latents").read_bytes() == Path("a-ball-3.mp4.latents").read_bytes()
    capsys.readouterr()
    for more, why in {
        ("--wish", "a ball", *asking): "taken as it is",
        ("--wish", "a ball", "--expand"): "taken as it is",
        ("--wish", " "): "empty",
    }.items():
        assert main([*words, *more, "-o", "c.mp4"]) == 2
        assert why in capsys.readouterr().err
    assert not writer.asked


def test_a_writer_that_fails_leaves_no_film(
    writer: Writer, common: list[str], capsys: Capture
) -> None:
    words = ["generate", "a ball", *SIZE, *common, "-o", "a.mp4", "--endpoint"]
    assert main([*words, writer.url, "--writer", "broken"]) == 1
    assert "it answered 500" in capsys.readouterr().err
    assert main([*words, "ftp://nowhere"]) == 2
    assert "not the address of an endpoint" in capsys.readouterr().err
    assert not list(Path().iterdir())


BOARD = """seconds = 2
height = 64
width = 64
steps = 1
[[card]]
at = 0
prompt = "a ball"
[[card]]
at = 1
prompt = "{}"
"""


def test_cards_keep_what_was_written_for_them(
    writer: Writer, model: str, asking: list[str], capsys: Capture
) -> None:
    def film(*words: str) -> list[str]:
        assert main(["storyboard", *words, "--model", model, "-o", "b.mp4", "--json", "-q"]) == 0
        found: list[str] = json.loads(capsys.readouterr().out)["notes"]
        return found

    Path("b.toml").write_text(BOARD.format("a cube"))
    assert f"Expanded: {TEXT}" in film("b.toml", *asking)
    both = [Shot(prompt=each, expansion=TEXT) for each in ("a ball", "a cube")]
    assert list(read_sidecar(Path("b.mp4")).shots) == both
    Path("b.toml").write_text(BOARD.format("a cone"))
    film("b.toml", *asking)
    wishes = [each["messages"][1]["content"] for each in writer.asked]
    assert wishes == ["a ball", "a cube", "a cone"], "a card that is the same is not asked for"
    film("--undo")
    assert list(read_sidecar(Path("b.mp4")).shots) == both
    assert main(["rerun", "b.mp4", "--model", model, "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["same_frames"] is True
    assert len(writer.asked) == 3, "what is stored needs no writer"
    film("b.toml", "--expand")
    assert read_sidecar(Path("b.mp4")).shots[0].expansion.startswith("on grass there is")


def test_a_writer_that_fails_undoes_nothing(writer: Writer, model: str, capsys: Capture) -> None:
    common = ["--model", model, "-o", "b.mp4", "-q"]
    for second in ("a cube", "a cone"):
        Path("b.toml").write_text(BOARD.format(second))
        assert main(["storyboard", "b.toml", *common]) == 0
    before = project().history()
    bad = ["--endpoint", writer.url, "--writer", "broken"]
    assert main(["storyboard", "--undo", *common, *bad]) == 1
    assert main(["storyboard", "b.toml", *common, *bad]) == 1
    assert "it answered 500" in capsys.readouterr().err
    assert project().history() == before
