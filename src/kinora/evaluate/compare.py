"""One suite against another. In: rows of two models. Out: differences with confidence intervals."""

from dataclasses import dataclass

import numpy as np

from kinora.core.seed import numpy_generator
from kinora.evaluate.suite import BITES, Suite, persistence_of

DRAWS = 2000
LEVEL = 0.95
PARTS = ("films", "paraphrased", "physics", "staged")


@dataclass(frozen=True)
class Difference:
    """How much larger a number is than in the baseline, with the interval that holds 95 % of draws."""

    name: str
    baseline: float
    ours: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def compare(ours: Suite, baseline: Suite, *, seed: int = 0) -> tuple[Difference, ...]:
    """Differences of every number over the films that both made, the real renders left out: a paired bootstrap.

    Empty if they have no film in common: other prompts, or other seeds.
    """
    found: list[Difference] = []
    for part in PARTS:
        found += _of_part(part, ours, baseline, seed)
    for bite in BITES:
        found += _of_persistence(bite, ours, baseline, seed)
    return tuple(found)


def _of_persistence(bite: str, ours: Suite, baseline: Suite, seed: int) -> list[Difference]:
    """The difference of two products of means, drawn scene by scene."""
    names = [name for name in ours.factors(bite) if name in baseline.factors(bite)]
    mine, theirs = (
        {row.key: [row.numbers[name] for name in names] for row in suite.staged
         if all(name in row.numbers for name in names)}
        for suite in (ours, baseline)
    )  # fmt: skip
    both = [key for key in mine if key in theirs]
    if not names or not both:
        return []
    name = persistence_of(bite)
    rng = numpy_generator(seed, "bootstrap", name)
    drawn = rng.integers(len(both), size=(DRAWS, len(both)))
    one, other = (np.array([suite[key] for key in both]) for suite in (mine, theirs))
    gaps = one[drawn].mean(1).prod(1) - other[drawn].mean(1).prod(1)
    low, high = np.quantile(gaps, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    theirs_whole, ours_whole = (float(each.mean(0).prod()) for each in (other, one))
    return [Difference(name, theirs_whole, ours_whole, float(low), float(high))]


def _of_part(part: str, ours: Suite, baseline: Suite, seed: int) -> list[Difference]:
    mine = {row.key: row.numbers for row in getattr(ours, part)}
    theirs = {row.key: row.numbers for row in getattr(baseline, part)}
    found = []
    for name in ours.names(part):
        pairs = [
            (mine[key][name], theirs[key][name])
            for key in mine
            if key in theirs and name in mine[key] and name in theirs[key]
        ]
        if pairs:
            told = f"in other words: {name}" if part == "paraphrased" else name
            found.append(_difference(told, np.array(pairs), seed))
    return found


def _difference(name: str, pairs: "np.ndarray", seed: int) -> Difference:
    rng = numpy_generator(seed, "bootstrap", name)
    gaps = pairs[:, 0] - pairs[:, 1]
    draws = gaps[rng.integers(len(gaps), size=(DRAWS, len(gaps)))].mean(1)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    ours, theirs = pairs.mean(0)
    return Difference(name, float(theirs), float(ours), float(low), float(high))
