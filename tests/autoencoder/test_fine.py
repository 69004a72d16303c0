"""Decoders that draw larger: small, and exact in chunks and tiles."""

import numpy as np
import pytest
import torch

from kinora.autoencoder.fine import FineConfig, FineDecoder, Large, enlarge
from kinora.autoencoder.stream import decode_stream
from kinora.nn.convolution import TimeMemory
from tiny import tiny_bundle


def large(times: int) -> Large:
    """Drawings that no layer leaves flat."""
    torch.manual_seed(times)
    fine = FineDecoder(FineConfig(times=times, width=16, depth=1))
    for parameter in fine.parameters():
        if not parameter.abs().sum():
            torch.nn.init.normal_(parameter, std=0.05)
    return Large(tiny_bundle().autoencoder.eval(), fine.eval())


@pytest.mark.parametrize("times", [2, 4])
def test_it_is_small_and_starts_as_the_plain_drawing_enlarged(times: int) -> None:
    fine = FineDecoder(FineConfig(times=times))
    assert sum(parameter.numel() for parameter in fine.parameters()) < 1_500_000
    autoencoder, z = tiny_bundle().autoencoder.eval(), torch.randn(1, 2, 48, 4, 6)
    with torch.inference_mode():
        drawn = Large(autoencoder, fine).decode(z)
        plain = autoencoder.decode(z)
    assert drawn.shape == (1, 5, 3, 64 * times, 96 * times)
    assert torch.allclose(drawn[0], enlarge(plain[0], times), atol=1e-6)


def test_a_stream_draws_as_the_whole_clip() -> None:
    two, z, memory = large(2), torch.randn(1, 4, 48, 4, 6), TimeMemory()
    with torch.inference_mode():
        whole = two.decode(z)
        parts = [two.decode(z[:, a:b], memory) for a, b in ((0, 1), (1, 3), (3, 4))]
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_tiles_draw_the_same_picture() -> None:
    two, z = large(2), torch.randn(2, 48, 14, 22)
    whole = np.concatenate(list(decode_stream(two, z, chunk=2, tile=64)))
    tiled = np.concatenate(list(decode_stream(two, z, chunk=1, tile=6)))
    assert whole.shape == (5, 448, 704, 3)
    assert np.abs(whole.astype(int) - tiled).max() <= 1  # rounding to bytes


def test_later_latents_cannot_change_earlier_pictures() -> None:
    two, z = large(2), torch.randn(1, 3, 48, 4, 6)
    changed = z.clone()
    changed[:, 2] = 0
    with torch.inference_mode():
        a, b = two.decode(z), two.decode(changed)
    assert torch.allclose(a[:, :5], b[:, :5], atol=1e-5)
    assert not torch.allclose(a[:, 5:], b[:, 5:], atol=1e-2)
