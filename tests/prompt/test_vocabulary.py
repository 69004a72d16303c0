"""The vocabulary: many words for one, near words for unknown ones, from any table."""

from pathlib import Path

import pytest

from kinora.core.errors import NotFoundError
from kinora.prompt.vocabulary import load_vocabulary


def test_synonyms_forms_and_plurals_mean_one_word() -> None:
    words = load_vocabulary()
    said = ("crimson", "spheres", "rolling", "boxes", "ball", "dusk")
    assert [words.meaning(word) for word in said] == [
        "red",
        "ball",
        "rolls",
        None,
        "ball",
        "sunset",
    ]
    assert words.suggest("boxs") == ("cube",)


def test_no_word_means_two_things() -> None:
    words = load_vocabulary()
    own = [
        *words.kinds,
        *words.colours,
        *words.sizes,
        *words.finishes,
        *words.grounds,
        *words.lights,
    ]
    others = [other for many in words.same.values() for other in many]
    assert len(set(others)) == len(others)
    assert not set(others) & {*own, *words.verbs}


def test_a_table_beside_a_model(tmp_path: Path) -> None:
    file = tmp_path / "vocabulary.json"
    file.write_text(load_vocabulary().model_copy(update={"kinds": ("teapot",)}).model_dump_json())
    assert load_vocabulary(file).meaning("teapots") == "teapot"
    assert load_vocabulary(file).meaning("ball") is None
    with pytest.raises(NotFoundError):
        load_vocabulary(tmp_path / "none.json")
