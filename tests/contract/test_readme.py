"""The README's commands are the ones promised, the ones CI runs, and they work as written."""

import re
import shlex
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from kinora.cli.main import VERBS


@pytest.fixture(scope="module")
def commands(root: Path) -> list[str]:
    """The lines of the README's section Install."""
    section = re.search(r"^## Install$(.*?)^## ", (root / "README.md").read_text(), re.M | re.S)
    assert section
    block = re.search(r"^```\n(.*?)^```", section[1], re.M | re.S)
    assert block
    return block[1].splitlines()


def test_two_commands(commands: list[str]) -> None:
    first, second = (re.split(r"\s+&&\s+", line) for line in commands)
    assert first[0] == "pip install -c constraints.txt ."
    assert second == ["pip install -c constraints.txt -e '.[dev]'", "pytest"]


def test_ci_runs_the_second_one(commands: list[str], root: Path) -> None:
    spaced_once = re.sub(r"\s+&&", " &&", commands[1])
    assert f"\n{spaced_once}\n" in (root / ".ci" / "run").read_text()


def test_the_film_is_made(commands: list[str], kinora: Callable[..., Any], tmp_path: Path) -> None:
    if not any((files("kinora") / "weights").rglob("model_index.json")):  # type: ignore[attr-defined]
        pytest.skip("no weights ship yet: the README's film cannot be made before they do")
    assert "generate" in VERBS
    program, *words = shlex.split(re.split(r"\s+&&\s+", commands[0])[1])
    assert program == "kinora"
    result = kinora(*words)
    assert result.returncode == 0, result.stderr
    films = list(tmp_path.glob("*.mp4"))
    assert len(films) == 1
    info = kinora("info", films[0])
    assert info.returncode == 0
    assert words[-1] in info.stdout
