"""The command line answers every wrong word in one line and with the right exit code."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import typer

from kinora.cli import main as cli
from kinora.core.errors import (
    BadMediaError,
    BusyError,
    CancelledError,
    KinoraError,
    NotFoundError,
    OutOfMemoryError,
    UsageError,
)


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Install a function as the implementation of `kinora version`."""

    def install(action: Callable[..., Any]) -> None:
        monkeypatch.setattr(cli, "implementation", lambda _: action)

    return install


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_help_lists_every_verb(kinora: Callable[..., Any]) -> None:
    result = kinora("--help")
    assert result.returncode == 0
    for name, summary in cli.VERBS.items():
        assert f"{name} " in result.stdout
        assert summary.split()[0] in result.stdout


@pytest.mark.parametrize("words", [("version",), ("--version",)])
def test_version(words: tuple[str, ...], kinora: Callable[..., Any]) -> None:
    result = kinora(*words)
    assert (result.returncode, result.stdout) == (0, f"kinora {cli.__version__}\n")


def test_python_finds_it_without_its_script() -> None:
    words = [sys.executable, "-m", "kinora", "--version"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert told == f"kinora {cli.__version__}\n"


def test_version_as_json(kinora: Callable[..., Any]) -> None:
    assert json.loads(kinora("version", "--json").stdout) == {"version": cli.__version__}


@pytest.mark.parametrize("words", [("vershun",), ("version", "--nonsense"), ("info",)])
def test_wrong_words_are_one_line_and_code_2(
    words: tuple[str, ...], kinora: Callable[..., Any]
) -> None:
    result = kinora(*words)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("kinora: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KinoraError("a"), 1),
        (UsageError("a"), 2),
        (NotFoundError("a"), 3),
        (OutOfMemoryError("a"), 4),
        (MemoryError(), 4),
        (CancelledError("a"), 5),
        (BadMediaError("a"), 6),
        (BusyError("a"), 7),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("b\nc"), 1),
        (typer.Exit(3), 3),
    ],
    ids=repr,
)
def test_exit_codes(
    error: BaseException,
    code: int,
    verb: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    verb(raising(error))
    assert cli.main(["version"]) == code
    assert capsys.readouterr().err.count("\n") <= 1


def test_memory_that_the_processor_does_not_have(
    verb: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The library raises a plain `RuntimeError` for it."""
    verb(lambda: torch.empty(1 << 50))
    assert cli.main(["version"]) == OutOfMemoryError.exit_code
    assert "Try a smaller --size" in capsys.readouterr().err


def test_errors_as_json(verb: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    def action(*, as_json: bool = typer.Option(False, "--json")) -> None:
        raise NotFoundError("no model 'x'", why="unknown", remedy="Try y")

    verb(action)
    assert cli.main(["version", "--json"]) == 3
    assert json.loads(capsys.readouterr().err)["error"] == {
        "code": "not_found",
        "what": "no model 'x'",
        "why": "unknown",
        "remedy": "Try y",
    }


@pytest.mark.parametrize("debug", [True, False])
def test_the_traceback_is_shown_on_request_only(
    debug: bool,
    verb: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KINORA_DEBUG", "1" if debug else "0")
    verb(raising(ZeroDivisionError("b")))
    cli.main(["version"])
    assert ("Traceback" in capsys.readouterr().err) is debug


def test_a_verb_may_have_verbs_of_its_own(
    verb: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    group = typer.Typer()

    @group.command("one")
    def one() -> None:
        print("one was called")

    @group.command("two")
    def two() -> None: ...

    verb(group)  # type: ignore[arg-type]
    assert cli.main(["version", "one"]) == 0
    assert capsys.readouterr().out == "one was called\n"
