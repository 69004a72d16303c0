from pathlib import Path

import pytest

from kinora.core.clip import Clip
from kinora.core.errors import NotFoundError
from kinora.evaluate.compare import compare
from kinora.evaluate.report import COUNTED, write_report
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


def test_what_films_are_chosen_by_stands_apart_from_what_they_are_not(
    tmp_path: Path, bounce: Clip
) -> None:
    seen, held = row((), 1.0), row((), 0.25).model_copy(update={"heldout": True})
    fall = {"fall error": 0.5, "fall error, parse floor": 0.125}
    physics = row((), 1.0).model_copy(update={"numbers": fall})
    bite = {"bite shows": 0.75, "bite shows, without memory": 0.25, "comes out again": 0.625}
    staged = row((), 1.0).model_copy(update={"numbers": bite})
    counted = seen.model_copy(update={"numbers": seen.numbers | {COUNTED: 0.875}})
    suite = Suite(
        model="tiny", films=(counted, held), real=(), physics=(physics,), staged=(staged,)
    )
    page = write_report(tmp_path / "report.html", suite, [Shown(seen, bounce)]).read_text()
    judged, rest = page.split("<h2>What the judge says</h2>")[1].split("<h2>What no film")
    assert "<td>facts right</td><td>100.0%</td><td>25.0%</td><td>-</td><td>-</td>" in judged
    assert f"<td>{COUNTED}</td><td>0.875</td>" in judged
    assert "<td>bite shows</td><td>0.750</td><td>-</td><td>0.250</td>" in judged
    assert "<td>bite persistence</td><td>0.750</td><td></td><td>0.250</td>" in judged
    assert "<td>bite shows, without memory" not in page and "persistence, without" not in page
    assert "<td>comes out again</td><td>0.625</td>" in rest
    assert "<td>fall error</td><td>0.500</td><td>0.125</td>" in rest
    assert "facts right" not in rest.split("</table>")[0] and "flicker" not in judged


def test_a_suite_comes_back_from_its_file(tmp_path: Path) -> None:
    suite = Suite(model="tiny", films=(row((), 1.0),), real=(), physics=())
    file = tmp_path / "suite.json"
    file.write_text(suite.model_dump_json())
    assert read_suite(file) == suite
    file.write_text("{}")
    with pytest.raises(NotFoundError, match="holds no evaluation"):
        read_suite(file)
