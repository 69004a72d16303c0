"""The video compression network: causal, streaming, tiled, each of them exact."""

import numpy as np
import pytest
import torch

from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.autoencoder.stream import decode_stream, encode_stream, to_bytes, to_pixels
from kinora.nn.convolution import TimeMemory
from tiny import tiny_bundle


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return tiny_bundle().autoencoder.eval()


@pytest.fixture(scope="module")
def frames() -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.random.default_rng(0).integers(0, 256, (17, 64, 96, 3), dtype=np.uint8)


def test_the_first_frame_alone_is_the_first_latent_of_its_clip(autoencoder, frames) -> None:
    pixels = to_pixels(frames)[None]
    with torch.inference_mode():
        whole, first = autoencoder.encode(pixels), autoencoder.encode(pixels[:, :1])
    assert whole.shape == (1, 5, 48, 4, 6)
    assert torch.allclose(whole[:, :1], first, atol=1e-5)


def test_later_frames_cannot_change_earlier_latents_nor_pictures(autoencoder, frames) -> None:
    pixels = to_pixels(frames)[None]
    changed = pixels.clone()
    changed[:, 9:] = 0.5
    with torch.inference_mode():
        a, b = autoencoder.encode(pixels), autoencoder.encode(changed)
        assert torch.allclose(a[:, :3], b[:, :3], atol=1e-5)
        assert not torch.allclose(a[:, 3:], b[:, 3:], atol=1e-2)
        assert torch.allclose(autoencoder.decode(a)[:, :9], autoencoder.decode(b)[:, :9], atol=1e-5)


def test_a_stream_encodes_and_decodes_as_the_whole_clip(autoencoder, frames) -> None:
    pixels = to_pixels(frames)[None]
    with torch.inference_mode():
        latents = autoencoder.encode(pixels)
        drawn = autoencoder.decode(latents)
        assert torch.allclose(encode_stream(autoencoder, frames, chunk=2), latents[0], atol=1e-5)
        memory = TimeMemory()
        parts = [autoencoder.decode(latents[:, a:b], memory) for a, b in ((0, 1), (1, 4), (4, 5))]
    assert torch.allclose(torch.cat(parts, dim=1), drawn, atol=1e-5)


def test_tiles_and_chunks_draw_the_same_picture() -> None:
    autoencoder = tiny_bundle().autoencoder.eval()
    latents = torch.randn(3, 48, 20, 24)
    whole = np.concatenate(list(decode_stream(autoencoder, latents, chunk=3, tile=64)))
    tiled = np.concatenate(list(decode_stream(autoencoder, latents, chunk=1, tile=8)))
    assert whole.shape == (9, 320, 384, 3)
    assert np.abs(whole.astype(int) - tiled).max() <= 1  # rounding to bytes


def test_the_linear_path_alone_reconstructs_smooth_clips() -> None:
    rows = torch.linspace(-1, 1, 64)
    clip = (rows[:, None] * rows).expand(1, 13, 3, 64, 64) * torch.linspace(0.2, 1, 13)[
        :, None, None, None
    ]
    autoencoder = Autoencoder(AutoencoderConfig(fine=8, coarse=16, refine=8, depth=1)).eval()
    patches = clip[0, 1:].reshape(3, 12, 64, 64)
    with torch.inference_mode():
        autoencoder.start_from(patches)
        back = autoencoder.decode(autoencoder.encode(clip))
    assert (back - clip).abs().max() < 0.02


def test_bytes_and_pixels_are_inverse(frames) -> None:
    assert np.array_equal(to_bytes(to_pixels(frames)), frames)
