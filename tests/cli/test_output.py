"""A result is told in aligned lines or as one JSON document."""

import json
from pathlib import Path

import pytest

from kinora.cli.output import as_lines, note, show

RESULT = {"file": Path("a.mp4"), "seconds": 4.0, "made": {"seed": 7, "by": ["x", "y"], "no": None}}


def test_lines() -> None:
    assert as_lines(RESULT).splitlines() == [
        "file       a.mp4",
        "seconds    4.0",
        "made.seed  7",
        "made.by    x, y",
    ]


def test_document(capsys: pytest.CaptureFixture[str]) -> None:
    show(RESULT, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "file": "a.mp4",
        "seconds": 4.0,
        "made": {"seed": 7, "by": ["x", "y"], "no": None},
    }


def test_notes_go_to_stderr_unless_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    note("a", quiet=False)
    note("b", quiet=True)
    assert capsys.readouterr() == ("", "a\n")
