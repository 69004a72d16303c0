"""Skip what hardly changes between steps. In: an open model and a threshold. Out: a faster one, and its PSNR.

The first block tells whether the rest of the transformer would say something new (first-block cache).
What the picture loses by it is measured, never promised.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from kinora.core.errors import UnsupportedError
from kinora.open_weights.lora import transformers
from kinora.open_weights.model import OpenModel

THRESHOLD = 0.05


@dataclass(frozen=True)
class FirstBlock:
    """A cache for the transformers of a `Shelf`; `threshold` as in `step_cache`."""

    threshold: float = THRESHOLD

    def attach(self, network: Any) -> None:
        """Give the network an empty one; raises `UnsupportedError` if it takes none."""
        from diffusers import FirstBlockCacheConfig

        if not hasattr(network, "enable_cache"):
            raise UnsupportedError(f"{type(network).__name__} has no step cache")
        network.enable_cache(FirstBlockCacheConfig(threshold=self.threshold))

    def empty(self, network: Any) -> None:
        """Disabling is what forgets."""
        self.detach(network)
        self.attach(network)

    def detach(self, network: Any) -> None:
        """Take it away, and what is in it."""
        network.disable_cache()


@contextmanager
def step_cache(model: OpenModel, *, threshold: float = THRESHOLD) -> Iterator[None]:
    """Inside the block, steps whose first block changed by less than `threshold` reuse the rest.

    Args:
        model: any family whose transformer the library can cache.
        threshold: relative change below which a step is skipped; 0 skips none.

    Raises:
        UnsupportedError: the library cannot cache this family.
    """
    networks, cache = transformers(model), FirstBlock(threshold)
    if not all(hasattr(network, "enable_cache") for network in networks):
        raise UnsupportedError(f"{model.family.name} has no step cache")
    for network in networks:
        cache.attach(network)
    try:
        yield
    finally:
        # What was kept is forgotten, so the next film starts clean.
        for network in networks:
            cache.detach(network)


def psnr(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of two latents in decibel, the peak being the range of `other`."""
    error = (one - other).square().mean().item()
    peak = (other.max() - other.min()).item()
    return math.inf if error == 0 else 10 * math.log10(peak * peak / error)
