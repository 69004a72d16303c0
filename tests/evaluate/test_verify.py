"""Windows that break their words are dreamt again, a bounded number of times."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.evaluate.ledger import Told, window
from kinora.evaluate.promise import promises, real
from kinora.evaluate.verify import Watched, verified, watched
from kinora.generate import Request, generate
from kinora.prompt.vocabulary import load_vocabulary
from tiny import tiny_bundle

WISH = Request(prompts=("a red ball on grass",), seconds=1.0, height=64, width=96, steps=2, seed=5)


def test_what_cannot_be_kept_is_tried_so_often_and_no_more() -> None:
    model, steps = tiny_bundle(), []
    film, ledger = verified(
        model, WISH, judge=load_judge(), tries=3, on_progress=lambda p: steps.append(p.stage)
    )
    assert [each.tries for each in ledger.windows] == [3]
    assert steps.count("denoise") == 3 * 2
    assert ledger.broken
    assert set(ledger.lines()) <= set(film.notes)


def test_pictures_that_the_judge_does_not_know_are_not_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny_bundle()
    elsewhere = replace(model.capabilities, worldly=False)
    monkeypatch.setattr(type(model), "capabilities", property(lambda _: elsewhere))
    film, ledger = verified(model, WISH, judge=load_judge(), tries=3)
    assert [each.tries for each in ledger.windows] == [1]
    assert not ledger.broken
    assert {entry.found for entry in ledger.entries} == {"unknown"}
    assert ledger.lines() == film.notes[-1:]
    assert "not checked" in film.notes[-1]


def test_watching_alone_changes_nothing() -> None:
    model = tiny_bundle()
    film, ledger = verified(model, WISH, judge=load_judge(), tries=1)
    assert torch.equal(film.latents, generate(model, WISH).latents)
    assert sum(each.tries for each in ledger.windows) == 1


def test_a_long_film_is_watched_window_by_window() -> None:
    wish = Request(**{**vars(WISH), "seconds": 6.0})
    film, ledger = verified(tiny_bundle(), wish, judge=load_judge(), tries=1)
    assert len(ledger.windows) > 1
    starts, ends = zip(*((each.start, each.end) for each in ledger.windows), strict=True)
    assert starts[1:] == ends[:-1]
    assert round(ends[-1] * film.clip.fps) == len(film.clip)


def test_what_was_finished_is_not_dreamt_again() -> None:
    model, wish = tiny_bundle(), Request(**{**vars(WISH), "seconds": 6.0})
    kept: list[Watched] = []
    asked: list[int] = []

    def remember(number: int, make: Callable[[], Watched]) -> Watched:
        asked.append(number)
        if number == len(kept):
            kept.append(make())
        return kept[number]

    first, ledger = watched(model, wish, judge=load_judge(), tries=2, remember=remember)
    del kept[1:]
    steps = list[str]()
    again, same = watched(
        model, wish, judge=load_judge(), tries=2, remember=remember,
        on_progress=lambda p: steps.append(p.stage),
    )  # fmt: skip
    assert torch.equal(first, again)
    assert ledger == same
    assert asked == [*range(len(kept)), *range(len(kept))]
    assert steps.count("denoise") == (len(kept) - 1) * 2 * 2


def test_the_worlds_own_render_keeps_its_words() -> None:
    promise, words = promises()[0], load_vocabulary()
    clip: Clip = real(promise)
    told = [Told(promise.prompt, 0.0, 4.0)]
    entries = window(told, load_judge().see(clip), start=0.0, end=4.0, words=words)
    assert entries
    assert all(entry.kept for entry in entries), entries
