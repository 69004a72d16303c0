"""Direction: names become words, and whoever is named is looked at."""

from pathlib import Path

import pytest

from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.characters import Cast
from kinora.timeline.direct import directed, heard, looks, noted, shots
from kinora.timeline.extend import Extend
from kinora.timeline.project import project
from kinora.timeline.region import Change


@pytest.fixture
def mia(tmp_path: Path, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Cast(project().characters).add("mia", film.clip, words="red ball")


@pytest.mark.usefixtures("mia")
def test_a_prompt_is_heard_with_words_and_a_reference(model: Bundle) -> None:
    shot, conditions, cast = directed("mia bounces", model, height=64, width=64)
    assert (shot.prompt, shot.expansion) == ("mia bounces", "the red ball bounces")
    assert len(conditions) == 1
    assert set(cast) == {"mia"}
    plain, nobody, _ = directed("a cube", model, height=64, width=64)
    assert (plain.expansion, nobody) == ("", ())


@pytest.mark.usefixtures("mia")
def test_an_edit_hears_words_for_names_in_all_it_says(model: Bundle) -> None:
    cast = Cast(project().characters)
    edit, named = heard(Extend(seconds=1, prompt="mia falls"), cast=cast)
    assert edit.prompt == "the red ball falls"
    assert [each.name for each in named] == ["mia"]
    gone, named = heard(Change(action="remove", what="Mia"), cast=cast)
    assert (gone.what, len(named)) == ("the red ball", 1)
    assert heard(Extend(seconds=1), cast=cast) == (Extend(seconds=1), ())
    seen = looks(model, named, height=64, width=64)
    assert seen is not None
    assert len(seen) == 1
    assert looks(model, (), height=64, width=64) is None


def test_names_are_no_unknown_words(model: Bundle) -> None:
    assert noted(model, ("Mia a dragon",), ("mia",))[0].startswith("'dragon'")
    assert noted(model, ("mia",), ("Mia",)) == noted(model, (), ()) == ()
    assert noted(model, ("a ball",), (), expansion="a red ball.") == ("Expanded: a red ball.",)


def test_new_words_are_written_out_and_both_are_told(tmp_path: Path) -> None:
    edit, _ = heard(Extend(seconds=1, prompt="a red ball"), cast=Cast(tmp_path), expand=True)
    assert edit.prompt is not None
    assert edit.prompt.startswith("on grass there is a medium matte red ball.")
    old, new = shots(("a cube", edit.prompt), {edit.prompt: "a red ball"})
    assert (old.prompt, old.expansion) == ("a cube", "")
    assert (new.prompt, new.expansion) == ("a red ball", edit.prompt)


def test_expansion_is_kept_beside_what_was_typed(model: Bundle) -> None:
    shot, _, _ = directed("a red ball", model, height=64, width=64, expand=True)
    assert shot.prompt == "a red ball"
    assert shot.expansion.startswith("on grass there is a medium matte red ball.")
