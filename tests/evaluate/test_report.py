from pathlib import Path

import pytest

from kinora.core.clip import Clip
from kinora.core.errors import NotFoundError
from kinora.evaluate.compare import compare
from kinora.evaluate.report import write_report
from kinora.evaluate.row import Row
from kinora.evaluate.suite import Shown, Suite, read_suite


def row(wrong: tuple[str, ...], share: float) -> Row:
    numbers = {"facts right": share, "prompt whole": float(not wrong), "flicker": 0.98}
    return Row(key="a", prompt="a <red> ball", heldout=False, wrong=wrong, numbers=numbers)


def test_a_page_holds_films_numbers_and_verdicts_and_needs_no_other_file(
    tmp_path: Path, bounce: Clip
) -> None:
    bad = row(("cube for ball",), 0.75)
    suite = Suite(model="tiny", films=(bad,), real=(row((), 1.0),), physics=())
    better = Suite(model="tiny", films=(row((), 1.0),), real=(), physics=())
    page = write_report(
        tmp_path / "report.html",
        suite,
        [Shown(bad, bounce)],
        differences=compare(suite, better),
    ).read_text()
    assert "data:video/mp4;base64," in page
    assert "cube for ball" in page and "75.0%" in page and "Against the baseline" in page
    assert "a &lt;red&gt; ball" in page
    assert 'src="http' not in page and "href" not in page


def test_a_suite_comes_back_from_its_file(tmp_path: Path) -> None:
    suite = Suite(model="tiny", films=(row((), 1.0),), real=(), physics=())
    file = tmp_path / "suite.json"
    file.write_text(suite.model_dump_json())
    assert read_suite(file) == suite
    file.write_text("{}")
    with pytest.raises(NotFoundError, match="holds no evaluation"):
        read_suite(file)
