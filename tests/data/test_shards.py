"""Shards: whole or not there, and read in part."""

from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.autoencoder.stream import to_pixels
from kinora.core.errors import NotFoundError
from kinora.core.shape import Stride
from kinora.data.encode import encode_bucket
from kinora.data.pool import load_pool
from kinora.data.render import Bucket, block_labels, render_bucket
from kinora.data.shards import shards, write_shard
from tiny import tiny_bundle


def test_a_shard_reads_back_in_part(tmp_path: Path) -> None:
    numbers = np.arange(24).reshape(6, 4)
    write_shard(tmp_path, 0, {"numbers": numbers}, [{"i": i} for i in range(6)])
    (part,) = shards(tmp_path)
    assert len(part) == 6
    assert part.rows[5] == {"i": 5}
    assert np.array_equal(part.read("numbers", 2, 4), numbers[2:4])


def test_an_empty_folder_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="kinora"):
        shards(tmp_path)


def test_a_pool_is_limited_and_in_order(tmp_path: Path) -> None:
    for number in range(3):
        write_shard(tmp_path, number, {"x": np.full((2, 1), number)}, [{}, {}])
    pool = load_pool(tmp_path, ["x"], limit=5)
    assert len(pool) == 5
    assert pool.tensors["x"].flatten().tolist() == [0, 0, 1, 1, 2]


def test_block_labels_name_the_thing_that_fills_a_block() -> None:
    ids = np.ones((5, 32, 48), np.uint8)
    ids[:, 16:32, 0:16] = 3
    ids[4, 0:16, 32:48] = 2
    things = np.array([[1, 5], [2, 6]], np.uint8)
    labels = block_labels(ids, things, Stride())
    assert labels.shape == (2, 2, 3, 2)
    assert labels[0, 1, 0].tolist() == [2, 6]
    assert labels[0, 0, 2].tolist() == [0, 0]
    assert labels[1, 0, 2].tolist() == [1, 5]


def test_the_world_is_drawn_once_and_encoded(tmp_path: Path) -> None:
    bucket = Bucket(name="few", count=3, frames=5, width=64, height=64, per_shard=2)
    pixels = render_bucket(bucket, tmp_path / "pixels")
    before = {file: file.stat().st_mtime_ns for file in pixels.iterdir()}
    render_bucket(bucket, tmp_path / "pixels")
    assert {file: file.stat().st_mtime_ns for file in pixels.iterdir()} == before

    autoencoder = tiny_bundle().autoencoder.eval()
    latents = encode_bucket(pixels, tmp_path / "latents", autoencoder)
    pool = load_pool(latents, ["latents", "labels"])
    assert pool.tensors["latents"].shape == (3, 2, 48, 4, 4)
    assert pool.tensors["latents"].dtype == torch.float16
    assert all(len(row["captions"]) == 3 for row in pool.rows)


def test_two_cameras_show_the_same_moments_and_are_encoded_apart(tmp_path: Path) -> None:
    bucket = Bucket(
        name="angles", count=2, frames=5, width=64, height=64, cameras=("right", "above"),
        mix={"cuts": 0.0},
    )  # fmt: skip
    alone = bucket.model_copy(update={"cameras": (), "count": 1})
    both = load_pool(render_bucket(bucket, tmp_path / "pixels"), ["frames", "labels"])
    front = load_pool(render_bucket(alone, tmp_path / "alone"), ["frames"]).tensors["frames"]
    frames = both.tensors["frames"]
    assert frames.shape == (2, 10, 64, 64, 3)
    assert torch.equal(frames[0, :5], front[0])
    assert not torch.equal(frames[0, 5:], front[0])
    assert [row["cameras"] for row in both.rows] == [[0, 2], [0, 4]]

    autoencoder = tiny_bundle().autoencoder.eval()
    latents = encode_bucket(tmp_path / "pixels/angles", tmp_path / "latents", autoencoder)
    encoded = load_pool(latents, ["latents", "labels"]).tensors
    assert encoded["latents"].shape[:2] == encoded["labels"].shape[:2] == (2, 4)
    with torch.inference_mode():
        second = autoencoder.encode(to_pixels(frames[0, 5:].numpy())[None])
    assert torch.allclose(encoded["latents"][0, 2:].float(), second[0], atol=2e-2)
