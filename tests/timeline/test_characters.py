"""The cast: stored once, used by name, seen outside time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.generate import Film, Request, generate, lay_out, settle
from kinora.models.bundle import Bundle
from kinora.timeline.characters import Cast, reference
from kinora.timeline.source import source


@pytest.fixture
def cast(tmp_path: Path, film: Film) -> Cast:
    cast = Cast(tmp_path / "characters")
    cast.add("Mia", film.clip, words="small momo with a red hat")
    return cast


def test_a_character_comes_back_as_stored(cast: Cast, film: Film) -> None:
    assert cast.names() == ("Mia",)
    assert np.array_equal(cast.get("Mia").picture.frames[0], film.clip.frames[12])
    cast.remove("Mia")
    with pytest.raises(NotFoundError, match="The cast is: nobody"):
        cast.get("Mia")


def test_names_become_words_and_call_the_character(cast: Cast) -> None:
    prompt, found = cast.cast("mia hops, then Mia sleeps near a miaow")
    assert prompt.count("the small momo with a red hat") == 2
    assert "miaow" in prompt
    assert [character.name for character in found] == ["Mia"]


def test_a_film_looks_at_the_character_and_does_not_show_it(cast: Cast, model: Bundle) -> None:
    wish = Request(("a red ball",), seconds=1.0, height=64, width=64)
    conditions = reference(model, (cast.get("Mia"),), height=64, width=64)
    canvas = conditions[0].apply(lay_out(model, settle(model, wish)[1]))
    assert canvas.time[-1] == OUTSIDE_TIME
    assert canvas.level[-1] == 0
    without, seen = generate(model, wish), generate(model, replace(wish, conditions=conditions))
    assert seen.latents.shape == without.latents.shape
    assert not torch.equal(seen.latents, without.latents)
    assert len(source(model, seen).references) == 1


def test_names_that_cannot_be_and_models_that_cannot(cast: Cast, film: Film, model: Bundle) -> None:
    with pytest.raises(UsageError, match="there is a Mia already"):
        cast.add("Mia", film.clip, words="momo")
    with pytest.raises(UsageError, match="there is a mia already"):
        cast.add("mia", film.clip, words="momo")
    with pytest.raises(UsageError, match="nothing says what tim is"):
        cast.add("tim", film.clip, words=" ")
    with pytest.raises(UsageError, match="is not a name"):
        cast.add("../x", film.clip, words="momo")
    for word in ("ball", "Red", "rolls", "the"):
        with pytest.raises(UsageError, match=f"{word} is a word that films are described with"):
            cast.add(word, film.clip, words="momo")
    blind = replace(model, index=model.index.model_copy(update={"references": False}))
    with pytest.raises(UnsupportedError, match="knows no characters"):
        reference(blind, (cast.get("Mia"),), height=64, width=64)
