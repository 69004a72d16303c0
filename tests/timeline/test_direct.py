"""Direction: names become words, and whoever is named is looked at."""

from pathlib import Path

import pytest
import torch

from kinora.generate import Film
from kinora.models import Bundle
from kinora.timeline.characters import Cast
from kinora.timeline.direct import called, directed
from kinora.timeline.extend import Extend
from kinora.timeline.project import project
from kinora.timeline.source import source


@pytest.fixture
def mia(tmp_path: Path, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Cast(project().characters).add("mia", film.clip, words="red ball")


@pytest.mark.usefixtures("mia")
def test_a_prompt_is_heard_with_words_and_a_reference(model: Bundle) -> None:
    shot, conditions = directed("mia bounces", model, height=64, width=64)
    assert (shot.prompt, shot.expansion) == ("mia bounces", "the red ball bounces")
    assert len(conditions) == 1
    plain, nobody = directed("a cube", model, height=64, width=64)
    assert (plain.expansion, nobody) == ("", ())


@pytest.mark.usefixtures("mia")
def test_an_edit_looks_at_whom_its_words_name(model: Bundle, film: Film) -> None:
    known = source(model, film)
    edit, given = called(model, Extend(seconds=1, prompt="mia falls"), [known])
    assert edit.prompt == "the red ball falls"
    assert len(given[0].references) == 1
    same, untouched = called(model, Extend(seconds=1), [known])
    assert same.prompt is None
    assert torch.equal(untouched[0].latents, known.latents)
    assert not len(untouched[0].references)


def test_expansion_is_kept_beside_what_was_typed(model: Bundle) -> None:
    shot, _ = directed("a red ball", model, height=64, width=64, expand=True)
    assert shot.prompt == "a red ball"
    assert shot.expansion.startswith("on grass there is a medium matte red ball.")
