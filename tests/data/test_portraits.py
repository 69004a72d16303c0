"""Clips that begin with a portrait, as pixels and as latents."""

from pathlib import Path

import numpy as np
import torch

from kinora.data.encode import encode_bucket
from kinora.data.pool import load_pool
from kinora.data.render import Bucket, render_bucket
from tiny import tiny_bundle

CAST = Bucket(
    name="cast", count=2, frames=9, width=64, height=64, portrait=True, mix={"kinds": ("momo",)}
)


def test_a_portrait_is_encoded_by_itself(tmp_path: Path) -> None:
    pixels = render_bucket(CAST, tmp_path)
    frames = load_pool(pixels, ["frames"]).tensors["frames"]
    assert frames.shape == (2, 10, 64, 64, 3)
    autoencoder = tiny_bundle().autoencoder
    pool = load_pool(
        encode_bucket(pixels, tmp_path / "latents", autoencoder), ["latents", "labels"]
    )
    assert pool.tensors["latents"].shape[:2] == pool.tensors["labels"].shape[:2] == (2, 4)
    assert [row["portrait"] for row in pool.rows] == [True, True]
    with torch.inference_mode():
        alone = autoencoder.encode(frames[:, :1].permute(0, 1, 4, 2, 3).float() / 127.5 - 1)
    np.testing.assert_allclose(pool.tensors["latents"][:, :1].float(), alone, atol=2e-3, rtol=2e-3)


def test_every_second_caption_leaves_the_looks_out(tmp_path: Path) -> None:
    rows = load_pool(render_bucket(CAST, tmp_path), ["labels"]).rows
    tags = [row["captions"][0] for row in rows]
    assert tags[0].split(",")[0] == "momo"
    assert tags[1].split(",")[0] != "momo"
