"""Transformer blocks as compiled code. In: an open model. Out: a block in which its steps run faster.

All blocks are one program over other weights, so it is made once for each size and not once a layer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kinora.core.errors import UnsupportedError
from kinora.open_weights.lora import transformers
from kinora.open_weights.model import OpenModel


@contextmanager
def compiled(model: OpenModel, *, backend: str = "inductor") -> Iterator[None]:
    """Inside the block every transformer block runs compiled; the first two steps of a size take long.

    Args:
        model: any family whose blocks the library calls repeated.
        backend: of `torch.compile`.

    Raises:
        UnsupportedError: the library does not say which parts of this network repeat.
    """
    networks = transformers(model)
    for network in networks:
        compile_blocks(network, name=model.family.name, backend=backend)
    try:
        yield
    finally:
        for block in _blocks(networks):
            block._compiled_call_impl = None


def compile_blocks(network: Any, *, name: str, backend: str = "inductor") -> None:
    """Compile the repeated blocks of a transformer; raises like `compiled`, which calls it `name`."""
    if not getattr(network, "_repeated_blocks", None):
        raise UnsupportedError(f"{name} has no blocks that can be compiled")
    network.compile_repeated_blocks(backend=backend)


def _blocks(networks: list[Any]) -> list[Any]:
    return [
        part
        for network in networks
        for part in network.modules()
        if type(part).__name__ in network._repeated_blocks
    ]
