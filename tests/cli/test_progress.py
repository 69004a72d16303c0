"""Progress goes to stderr alone: bars on a terminal, JSON lines on request, else silence."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from kinora.cli.progress import bars, json_lines, reporting
from kinora.core.progress import OnProgress, Progress, silent


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[TextIO]:
    """A stream that is no terminal."""
    with (tmp_path / "stderr").open("w+") as file:
        yield file


@pytest.fixture
def terminal(stream: TextIO, monkeypatch: pytest.MonkeyPatch) -> TextIO:
    """A stream that says it is a terminal, whatever the environment of the tests is."""
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


@pytest.fixture
def written(stream: TextIO) -> Callable[[], str]:
    def read() -> str:
        stream.seek(0)
        return stream.read()

    return read


def work(on_progress: OnProgress) -> None:
    for stage in ("denoise", "encode"):
        for done in range(1, 4):
            on_progress(Progress(stage, done, 3))


def test_json_lines(stream: TextIO, written: Callable[[], str]) -> None:
    ticks = iter(range(10))
    work(json_lines(stream, clock=lambda: next(ticks)))
    lines = [json.loads(line) for line in written().splitlines()]
    assert lines[0] == {"stage": "denoise", "done": 1, "total": 3, "seconds": 1}
    assert lines[-1] == {"stage": "encode", "done": 3, "total": 3, "seconds": 6}
    assert len(lines) == 6


def test_one_bar_for_each_stage(terminal: TextIO, written: Callable[[], str]) -> None:
    with bars(terminal) as on_progress:
        work(on_progress)
    assert re.search(r"Dreaming[^\n]*3/3", written())
    assert re.search(r"Writing[^\n]*3/3", written())


@pytest.mark.parametrize("colour", [True, False])
def test_no_color(
    colour: bool,
    terminal: TextIO,
    written: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    with reporting(stream=terminal) as on_progress:
        work(on_progress)
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9;]*m", written())) is colour


def test_silence_where_nobody_looks(stream: TextIO, written: Callable[[], str]) -> None:
    with reporting(stream=stream) as on_progress:
        work(on_progress)
    assert written() == ""


def test_silence_on_request(terminal: TextIO) -> None:
    with reporting(quiet=True, stream=terminal) as on_progress:
        assert on_progress is silent


def test_json_wins_over_the_terminal(terminal: TextIO, written: Callable[[], str]) -> None:
    with reporting(as_json=True, stream=terminal) as on_progress:
        work(on_progress)
    assert "\x1b" not in written()
    assert written().count("\n") == 6
