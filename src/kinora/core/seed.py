"""One seed, many named streams. In: a seed and a name. Out: a generator that no other name shares.

Noise is drawn on the CPU everywhere, so that a film is the same on every device and in every queue.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, *names: str | int) -> int:
    """A 63-bit seed for the stream called `names`; independent streams for different names."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy generator for the named stream."""
    return np.random.default_rng(derive(seed, *names))


def torch_generator(
    seed: int, *names: str | int, device: "torch.device | str" = "cpu"
) -> "torch.Generator":
    """A torch generator for the named stream; on the CPU unless training asks for its own device."""
    import torch

    return torch.Generator(device=device).manual_seed(derive(seed, *names))
