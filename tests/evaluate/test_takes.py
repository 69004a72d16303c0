"""Which of several takes stays, and how they differ."""

import numpy as np
import pytest

from kinora.caption.judge import load_judge
from kinora.core.progress import silent
from kinora.evaluate.ledger import Entry, Told
from kinora.evaluate.takes import Eye, best_of, other_guidance, other_seed
from kinora.evaluate.verify import Ledger, Window
from tiny import tiny_bundle


def ledger(broken: int) -> Ledger:
    """One of two promises, of which so many are broken."""
    entries = [
        Entry(start=0, end=1, name="thing", wanted="ball", found="cube" if n < broken else "ball")
        for n in range(2)
    ]
    return Ledger(windows=(Window(start=0, end=1, tries=1, entries=tuple(entries)),))


@pytest.mark.parametrize(
    ("broken", "tries", "best", "made"),
    [
        ([2, 0, 1], 3, 1, 2),
        ([2, 1, 1], 3, 1, 3),
        ([0], 3, 0, 1),
        ([2, 1, 0], 1, 0, 1),
    ],
)
def test_the_first_that_keeps_all_or_the_one_that_breaks_the_fewest(
    broken: list[int], tries: int, best: int, made: int
) -> None:
    taken, found = best_of(tries, lambda number: number, ledger=lambda n: ledger(broken[n]))
    assert taken == best
    assert [each.tries for each in found.windows] == [made]
    assert len(found.broken) == broken[best]


def test_the_first_take_is_what_was_asked_for() -> None:
    model = tiny_bundle()
    assert other_seed(7, 0) == 7
    assert len({other_seed(7, number) for number in range(4)}) == 4
    assert other_guidance(model, None, 0) is None
    assert other_guidance(model, 2.0, 2) == pytest.approx(2 * 1.15**2)
    assert other_guidance(model, 1.0, 2) == 1.0, "a student of few steps knows no guidance"


def test_other_words_begin_a_window_of_their_own() -> None:
    eye = Eye(tiny_bundle(), load_judge(), silent)
    frames = np.zeros((80, 64, 96, 3), np.uint8)
    told = (Told("a red ball on grass", 0.0, 3.0), Told("a blue cube on sand", 3.0, 99.0))
    windows = eye.look(frames, told, first=1)
    edges = [(round(8 * each.start), round(8 * each.end)) for each in windows]
    assert edges == [(1, 24), (24, 81)]
    wanted = [
        [each.wanted for each in window.entries if each.name == "ground"] for window in windows
    ]
    assert wanted == [["grass"], ["sand"]]
