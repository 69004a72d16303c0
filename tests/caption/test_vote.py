from pathlib import Path

import numpy as np

from kinora.caption.vote import agree, count_table, read_tables, write_tables

WORDS = ("ball", "cube", "momo")
# A Momo is taken for a ball in a third of all frames, a ball almost never for a Momo.
TABLE = np.array([[0.96, 0.03, 0.01], [0.03, 0.96, 0.01], [0.33, 0.01, 0.66]])


def frames(*words: str) -> tuple[np.ndarray, np.ndarray]:
    rows = np.full((len(words), 3), 0.02)
    rows[range(len(words)), [WORDS.index(word) for word in words]] = 0.96
    return rows, np.full(len(words), 1 / len(words))


def test_a_few_frames_that_only_a_momo_explains_outweigh_many_that_a_ball_might() -> None:
    said = frames(*["ball"] * 6, *["momo"] * 4)
    assert agree(*said, WORDS).word == "ball"
    assert agree(*said, WORDS, table=TABLE).word == "momo"


def test_frames_that_all_agree_are_believed() -> None:
    for word in WORDS:
        found = agree(*frames(*[word] * 8), WORDS, table=TABLE)
        assert found.word == word and found.sure > 0.7


def test_more_frames_of_the_same_film_do_not_make_it_certain() -> None:
    few = agree(*frames(*["momo"] * 5), WORDS, table=TABLE)
    many = agree(*frames(*["momo"] * 500), WORDS, table=TABLE)
    assert abs(few.sure - many.sure) < 1e-6


def test_a_table_counts_what_is_said_of_each_truth(tmp_path: Path) -> None:
    rows, _ = frames("ball", "ball", "momo", "cube")
    table = count_table([0, 0, 2, 2], rows)
    np.testing.assert_allclose(table.sum(1), 1)
    assert table[0, 0] > 0.8
    assert 0.3 < table[2, 2] < 0.6 and 0.3 < table[2, 1] < 0.6
    write_tables({"kind": table}, tmp_path)
    np.testing.assert_allclose(read_tables(tmp_path)["kind"], table, atol=1e-4)
    assert read_tables(tmp_path / "none") == {}
