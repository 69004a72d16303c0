"""Undo and redo: any way back, and forth again until something new is done."""

import pytest

from kinora.core.errors import UsageError
from kinora.timeline.document import Timeline
from kinora.timeline.history import LIMIT, History

A, B, C = (Timeline(name=name) for name in "abc")


def test_back_and_forth() -> None:
    history = History(present=A).do(B).do(C)
    assert history.undo().present == B
    assert history.undo().undo().present == A
    assert history.undo().undo().redo().redo() == history


def test_something_new_forgets_what_was_undone() -> None:
    history = History(present=A).do(B).undo().do(C)
    with pytest.raises(UsageError, match="nothing to redo"):
        history.redo()
    assert history.undo().present == A


def test_nothing_changed_is_no_step() -> None:
    assert History(present=A).do(A) == History(present=A)
    with pytest.raises(UsageError, match="nothing to undo"):
        History(present=A).undo()


def test_the_past_is_bounded_and_survives_json() -> None:
    history = History(present=A)
    for number in range(LIMIT + 5):
        history = history.do(Timeline(name=f"{number}"))
    assert len(history.past) == LIMIT
    assert History.model_validate_json(history.model_dump_json()) == history
