"""Words to ids."""

from pathlib import Path

import pytest

from kinora.core.errors import NotFoundError
from kinora.text.tokenizer import Tokenizer

SYNONYMS = {"red": ["crimson", "deep red"], "grass": ["meadow"]}


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.build(["a", "red", "ball", "on", "grass", ",", "."], SYNONYMS)


def test_synonyms_and_case_make_no_difference(tokenizer: Tokenizer) -> None:
    plain = tokenizer.read("a red ball on grass", limit=16)
    assert tokenizer.read("A Crimson ball on MEADOW", limit=16) == plain
    assert tokenizer.read("a deep red ball on grass", limit=16) == plain
    assert not plain.unknown


def test_unknown_words_are_left_out_and_named_once(tokenizer: Tokenizer) -> None:
    reading = tokenizer.read("a red dragon, a dragon on grass!", limit=16)
    assert reading.unknown == ("dragon",)
    assert tokenizer.unknown not in reading.ids


def test_a_word_inside_another_word_is_not_a_synonym(tokenizer: Tokenizer) -> None:
    assert tokenizer.read("meadowlark", limit=16).unknown == ("meadowlark",)


def test_no_more_words_are_read_than_the_limit(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.read("red " * 100, limit=9).ids) == 9


def test_many_are_read_as_each_is_alone(tokenizer: Tokenizer) -> None:
    prompts = ["a crimson ball", "a dragon, a dragon", "", "red " * 100]
    assert tokenizer.read_all(prompts, limit=9) == [tokenizer.read(p, limit=9) for p in prompts]


def test_a_file_reads_back_as_it_was(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    prompt = "a crimson ball on meadow"
    assert again.read(prompt, limit=16) == tokenizer.read(prompt, limit=16)
    assert len(again) == len(tokenizer) == 3 + 7


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(NotFoundError, match="cannot read the tokenizer"):
        Tokenizer.load(tmp_path / "tokenizer.json")
