"""A result is told in aligned lines or as one JSON document."""

import json
from pathlib import Path

import pytest

from kinora.cli.output import Told, as_lines, films, note, show
from kinora.media.measure import Drift, Measured, Seam

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


def test_films_tell_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    seam = Seam(at=4.125, step=13.4, usual=20.1)
    measured = Measured(seams=(seam,), drift=Drift(colour=0.011, contrast=-0.03, sharpness=0.02))
    made = [Told(Path("a.mp4"), 7, ("snapped",), measured)]
    films(made, quiet=False, as_json=False)
    out, err = capsys.readouterr()
    assert out == "a.mp4\n"
    assert err.splitlines() == [
        "Note: snapped",
        "Note: the seam at 4.125 s is a step of 13.4; of the given frames' own, 95 of 100 are at most 20.1",
        "Note: from the first 15 % to the last, colours moved by 1.1% of full scale, contrast by -3%, sharpness by +2%",
    ]
    films(made, quiet=True, as_json=True)
    out, err = capsys.readouterr()
    (told,) = json.loads(out)["films"]
    assert (told["file"], told["seed"], told["notes"], err) == ("a.mp4", 7, ["snapped"], "")
    assert Measured.model_validate(told["measured"]) == measured
