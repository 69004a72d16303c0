"""A process that is killed, or stopped with Ctrl-C, loses a step at most."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kinora.cli.main import main
from kinora.cli.unfinished import drawn, resumable
from kinora.media.read import read
from kinora.media.sidecar import Shot, read_sidecar
from kinora.models.store import save_bundle
from tiny import tiny_bundle
from writers import fickle, writing

# A process in the background may be deaf to Ctrl-C from birth.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
PROGRAM = [sys.executable, "-c", f"{HEARS}; from kinora.cli.main import run; run()"]
STEPS = 12
GENERATE = ["generate", "a red ball", "--size", "64x64", "--steps", str(STEPS), "--json"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def stopped(words: list[str], *, after: int, by: signal.Signals) -> list[str]:
    """Run until that many steps are dreamt, stop the process, and return what it said."""
    process = subprocess.Popen(
        [*PROGRAM, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"denoise"' in line and json.loads(line)["done"] == after:
            os.kill(process.pid, by)
    process.communicate()
    return lines


def printed(said: list[str]) -> list[str]:
    """The words of the command that goes on."""
    command = next(line for line in said if line.startswith("Stopped. To go on: kinora "))
    return shlex.split(command.removeprefix("Stopped. To go on: kinora "))


def told(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command says on stderr; a real file, as the checked types want one."""
    with Path("said.txt").open("w+") as file, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", file)
        patch.setattr(sys, "argv", ["kinora", *words])
        code = main(words)
        file.seek(0)
        said = file.read()
    assert code == 0, said
    return said


def steps_told(said: str) -> list[int]:
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [each["done"] for each in lines if each["stage"] == "denoise"]


def same(one: str, two: str) -> bool:
    return np.array_equal(read(Path(one)).clip.frames, read(Path(two)).clip.frames)


def test_a_killed_film_goes_on_when_the_same_words_are_typed(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*GENERATE, "--seconds", "8", "--model", str(model), "-o", "film.mp4"]
    stopped(words, after=STEPS + 3, by=signal.SIGKILL)
    assert not Path("film.mp4").exists()
    said = told(words, monkeypatch)
    assert "going on with what was broken off" in said
    assert steps_told(said)[0] > STEPS, "the chunk that was finished is not dreamt again"
    assert not list(Path().glob(".*")), "nothing is left behind"
    seed = read_sidecar(Path("film.mp4")).seed
    assert main([*words[:-1], "whole.mp4", "--seed", str(seed), "-q"]) == 0
    assert same("film.mp4", "whole.mp4")


def test_an_edit_goes_on_with_the_command_that_ctrl_c_printed(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ["--model", str(model), "--json", "-o"]
    told([*GENERATE, "--seconds", "2", "--seed", "1", *common, "a.mp4"], monkeypatch)
    words = ["retake", "a.mp4", "--from", "1", "--steps", str(STEPS), *common, "b.mp4"]
    again = printed(stopped(words, after=7, by=signal.SIGINT))
    assert again[:-2] == words
    assert Path(".b.mp4.dream").exists()
    steps = steps_told(told(again, monkeypatch))
    assert steps[0] >= 7
    assert steps[-1] == STEPS
    assert main([*words[:-1], "whole.mp4", *again[-2:], "-q"]) == 0
    assert same("b.mp4", "whole.mp4")


def test_a_storyboard_goes_on_with_the_words_that_it_wrote_out(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = f"seconds = 1\nsteps = {STEPS}\nwidth = 64\nheight = 64\n[[card]]\nat = 0\n"
    Path("b.toml").write_text(board + 'prompt = "a red ball"\n')
    words = ["storyboard", "b.toml", "--model", str(model), "--expand", "--json"]
    again = printed(stopped(words, after=7, by=signal.SIGINT))
    assert steps_told(told([*again, "--json"], monkeypatch))[0] >= 7


def test_an_endpoint_writes_a_film_that_was_broken_off_once(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ["--steps", str(STEPS), "--model", str(model), "--json", "-o"]
    size = ["--seconds", "2", "--size", "64x64"]
    with writing() as writer:
        asking = ["--endpoint", writer.url, "--writer", "fickle"]
        wish = ["generate", "a ball", *size, *asking, *common, "a.mp4"]
        again = printed(stopped(wish, after=7, by=signal.SIGINT))
        assert steps_told(told(again, monkeypatch))[0] >= 7
        edit = ["retake", "a.mp4", "--from", "1", "--prompt", "a cube", *asking, *common, "b.mp4"]
        stopped(edit, after=7, by=signal.SIGKILL)
        assert "going on with what was broken off" in told(edit, monkeypatch)
        assert len(writer.asked) == 2
        assert main(["angles", "a.mp4", "--prompt", "a cone", *asking, *common, "c.mp4"]) == 2
        assert len(writer.asked) == 3
    assert not list(Path().glob(".*")), (
        "neither a film that is done nor one that cannot be leaves words"
    )
    assert read_sidecar(Path("b.mp4")).shots[-1] == Shot(prompt="a cube", expansion=fickle(2))
    whole = ["generate", fickle(1), "--wish", "a ball", *size, *again[-2:], *common, "whole.mp4"]
    assert main([*whole, "-q"]) == 0
    assert read_sidecar(Path("a.mp4")).shots == read_sidecar(Path("whole.mp4")).shots
    assert same("a.mp4", "whole.mp4")


def test_a_seed_is_found_for_the_same_words_of_a_process_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / ".film.mp4.dream"
    folder.mkdir()
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    left = {"words": sys.argv[1:], "seed": 77, "process": int(gone)}
    (folder / "order.json").write_text(json.dumps(left))
    assert drawn(None, folder=tmp_path, quiet=True) == 77
    assert drawn(5, folder=tmp_path) == 5
    for other in ({"process": os.getpid()}, {"words": ["generate", "a cube"]}, {"seed": None}):
        (folder / "order.json").write_text(json.dumps({**left, **other}))
        assert drawn(None, folder=tmp_path) != 77
    (folder / "order.json").write_text("{")
    assert drawn(None, folder=tmp_path) != 77


def test_the_seed_is_told_before_words_that_are_no_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kinora", "generate", "--", "-a ball"])
    with pytest.raises(KeyboardInterrupt), resumable(Path("a.mp4"), 5):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "Stopped. To go on: kinora generate --seed 5 -- '-a ball'\n"
