"""The cache: a recipe is made once; a damaged file is made again."""

from pathlib import Path

import numpy as np
import torch

from kinora.timeline.cache import Cache, Piece, key


def piece() -> Piece:
    return Piece(
        torch.randn(2, 3, 4, 4), np.arange(5 * 4 * 4 * 3, dtype=np.uint8).reshape(5, 4, 4, 3)
    )


def test_a_piece_is_made_once_and_comes_back_bit_identical(tmp_path: Path) -> None:
    cache, made = Cache(tmp_path / "latents"), []

    def make() -> Piece:
        made.append(piece())
        return made[-1]

    cache.get("a", make)
    again = cache.get("a", make)
    assert len(made) == 1
    assert torch.equal(again.latents, made[0].latents)
    assert np.array_equal(again.frames, made[0].frames)


def test_a_damaged_piece_is_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.get("a", piece)
    (tmp_path / "a.safetensors").write_bytes(b"not a tensor")
    again = cache.get("a", piece)
    assert again.frames.shape == (5, 4, 4, 3)


def test_names_depend_on_every_value_and_on_nothing_else() -> None:
    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1})
    assert key({"a": 1}) != key({"a": 2})
