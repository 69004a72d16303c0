"""The whole suite on a model of noise: it must be told apart from the world's own renders."""

import numpy as np

from kinora.caption.judge import load_judge
from kinora.evaluate.suite import Settings, run_suite
from tiny import tiny_bundle


def test_a_model_of_noise_fails_where_the_world_does_not() -> None:
    model, told = tiny_bundle(), []
    suite, shown = run_suite(
        model,
        load_judge(),
        settings=Settings(prompts=2, seeds=1, physics=1, steps=1),
        on_progress=lambda report: told.append((report.done, report.total)),
    )
    assert told == [(done, 5) for done in range(1, 6)]
    assert len(suite.films) == len(suite.real) == 2 and len(suite.physics) == 1
    assert suite.mean("real", "facts right") > suite.mean("films", "facts right") + 0.3
    assert suite.mean("real", "flicker") > suite.mean("films", "flicker")
    assert suite.mean("real", "recognisable thing") == 1.0
    physics = suite.physics[0].numbers
    assert 0 <= physics["velocity error, parse floor"] < 0.1
    assert 0 < physics["first frame PSNR"] < 60
    assert np.isnan(suite.mean("films", "a number that nobody has"))
    assert [one.row for one in shown] == list(suite.films)
