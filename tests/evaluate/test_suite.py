"""The whole suite on a model of noise: it must be told apart from the world's own renders."""

import numpy as np
import pytest

from kinora.caption.judge import load_judge
from kinora.evaluate.compare import compare
from kinora.evaluate.row import Row
from kinora.evaluate.suite import Settings, Suite, run_suite
from tiny import tiny_bundle


def test_a_model_of_noise_fails_where_the_world_does_not() -> None:
    model, told = tiny_bundle(), []
    suite, shown = run_suite(
        model,
        load_judge(),
        settings=Settings(prompts=2, seeds=1, physics=1, paraphrases=1, staged=0, steps=1),
        on_progress=lambda report: told.append((report.done, report.total)),
    )
    assert told == [(done, 6) for done in range(1, 7)]
    assert len(suite.films) == len(suite.real) == 2 and len(suite.physics) == 1
    assert suite.mean("real", "facts right") > suite.mean("films", "facts right") + 0.3
    assert suite.mean("real", "flicker") > suite.mean("films", "flicker")
    assert suite.mean("real", "recognisable thing") == 1.0
    assert suite.mean("real", "nothing more than promised") == 1.0
    assert suite.mean("real", "facts right, by pixels") > suite.mean(
        "films", "facts right, by pixels"
    )
    assert len(suite.paraphrased) == 1 and suite.paraphrased[0].prompt != suite.films[0].prompt
    physics = suite.physics[0].numbers
    assert physics["seam"] > 0 and physics["seam, parse floor"] > 0
    assert 0 <= physics["velocity error, parse floor"] < 0.1
    assert 0 < physics["first frame PSNR"] < 60
    assert np.isnan(suite.mean("films", "a number that nobody has"))
    assert [one.row for one in shown] == list(suite.films)


def test_persistence_is_the_product_of_its_chances() -> None:
    def row(**numbers: float) -> Row:
        told = {name.replace("_", " "): value for name, value in numbers.items()}
        return Row(key="1", prompt="p", heldout=False, wrong=(), numbers=told)

    rows = (row(bite_shows=1.0), row(bite_shows=0.0), row(bite_shows_1_s_later=0.5))
    other = Row(key="2", prompt="p", heldout=False, wrong=(), numbers={"bite, others stay": 0.8})
    floor = row(bite_shows=1.0).model_copy(update={"numbers": {"bite shows, parse floor": 0.1}})
    suite = Suite(model="m", films=(), real=(), physics=(), staged=(*rows, other, floor))
    assert suite.persistence == {"bite persistence": pytest.approx(0.5 * 0.5 * 0.8)}


def test_persistence_without_memory_stands_beside_it() -> None:
    numbers = {
        "hidden bite shows": 1.0,
        "hidden bite, others stay": 0.9,
        "hidden bite shows, without memory": 0.5,
        "hidden bite shows 1 s later, without memory": 0.4,
        "hidden bite, others stay, without memory": 0.2,
    }
    row = Row(key="1", prompt="p", heldout=False, wrong=(), numbers=numbers)
    suite = Suite(model="m", films=(), real=(), physics=(), staged=(row,))
    assert suite.persistence == {
        "hidden bite persistence": pytest.approx(0.9),
        "hidden bite persistence, without memory": pytest.approx(0.5 * 0.4 * 0.2),
    }
    assert {each.name for each in compare(suite, suite)} >= set(suite.persistence)
