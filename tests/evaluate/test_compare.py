import numpy as np

from kinora.evaluate.compare import compare
from kinora.evaluate.row import Row
from kinora.evaluate.suite import Suite


def suite(name: str, values: np.ndarray) -> Suite:
    rows = tuple(
        Row(key=str(i), prompt="p", heldout=False, wrong=(), numbers={"facts right": float(v)})
        for i, v in enumerate(values)
    )
    return Suite(model=name, films=rows, real=(), physics=())


def test_a_real_gain_is_certain_and_its_interval_holds_it() -> None:
    base = np.random.default_rng(0).uniform(0.3, 0.7, 80)
    gain = base + 0.1 + np.random.default_rng(1).normal(0, 0.1, 80)
    (found,) = compare(suite("new", gain), suite("old", base))
    assert found.certain
    assert found.low < 0.1 < found.high
    assert abs((found.ours - found.baseline) - float((gain - base).mean())) < 1e-9


def test_noise_is_not_certain() -> None:
    base = np.random.default_rng(0).uniform(0.3, 0.7, 80)
    same = base + np.random.default_rng(2).normal(0, 0.1, 80) - 0.0
    (found,) = compare(suite("new", same - (same - base).mean()), suite("old", base))
    assert not found.certain


def test_only_films_that_both_made_are_compared() -> None:
    long = np.linspace(0, 1, 10)
    short = long[:4]
    (found,) = compare(suite("new", long), suite("old", short))
    assert found.ours == found.baseline == short.mean()
    assert compare(suite("new", long[:0]), suite("old", short)) == ()


def test_every_part_is_compared_and_told_apart() -> None:
    base = suite("old", np.array([0.5, 0.5]))
    both = base.model_copy(update={"paraphrased": base.films, "staged": base.films})
    names = [each.name for each in compare(both, both)]
    assert names == ["facts right", "in other words: facts right", "facts right"]
    assert [each.name for each in compare(both, base)] == ["facts right"]


def test_persistence_has_an_interval_too() -> None:
    def bites(share: float) -> Suite:
        rows = tuple(
            Row(
                key=str(i), prompt="p", heldout=False, wrong=(),
                numbers={"bite shows": float(i < 20 * share), "bite, others stay": 1.0},
            )
            for i in range(20)
        )  # fmt: skip
        return Suite(model="m", films=(), real=(), physics=(), staged=rows)

    found = {each.name: each for each in compare(bites(0.9), bites(0.2))}["bite persistence"]
    assert found.certain
    assert (round(found.baseline, 6), round(found.ours, 6)) == (0.2, 0.9)
    assert found.low < 0.7 < found.high
