"""Bites: asked of a model of noise, with memory and without."""

from dataclasses import replace

from kinora.caption.judge import load_judge
from kinora.evaluate.bites import bite_row, control_row
from kinora.evaluate.onward import WITHOUT, Wish
from kinora.evaluate.staged import staged
from tiny import tiny_bundle

WISH = Wish(steps=1)


def test_bites_are_asked_for_shown_hidden_and_not_at_all() -> None:
    model, judge = tiny_bundle(), load_judge()
    (one,) = staged("eats", 1)
    shown = bite_row(model, judge, one, wish=WISH, hidden=False).numbers
    hidden = bite_row(model, judge, one, wish=WISH, hidden=True).numbers
    control = control_row(model, judge, one, wish=WISH).numbers
    assert {"bite shows", "bite shows 1 s later", "bite, others stay", "seam after a bite"} <= set(
        shown
    )
    assert {"hidden bite shows", "hidden bite shows 1 s later"} <= set(hidden)
    # A model of noise shows no cookie, so no bite either: the control alone is passed.
    assert shown["bite shows"] == hidden["hidden bite shows"] == 0.0
    assert control == {"no bite without a bite": 1.0}
    assert shown["seam after a bite"] > 0


def test_the_same_is_asked_without_memory_under_names_of_its_own() -> None:
    model, judge = tiny_bundle(), load_judge()
    (one,) = staged("eats", 1)
    for hidden, kind in ((False, "bite"), (True, "hidden bite")):
        row = bite_row(model, judge, one, wish=replace(WISH, memory=False), hidden=hidden)
        asked = (f"{kind} shows", f"{kind} shows 1 s later", f"{kind}, others stay")
        assert set(row.numbers) == {name + WITHOUT for name in asked}
        assert row.key.endswith(WITHOUT) and row.numbers[f"{kind} shows{WITHOUT}"] == 0.0
