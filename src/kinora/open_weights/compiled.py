"""Transformer blocks as compiled code. In: an open model. Out: a block in which its steps run faster.

All blocks are one program over other weights, so it is made once for each size and not once a layer. What is
compiled is a block's own forward, inside whatever the library wraps around it later: a step cache or the
moving of weights decides outside the compiled code, and no decision compiles anything anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from kinora.core.errors import UnsupportedError
from kinora.open_weights.lora import transformers
from kinora.open_weights.model import OpenModel

Backend = str | Callable[..., Any]


@contextmanager
def compiled(model: OpenModel, *, backend: Backend = "inductor") -> Iterator[None]:
    """Inside the block every transformer block runs compiled; the first two steps of a size take long.

    A step cache goes inside: `with compiled(model), step_cache(model)`.

    Args:
        model: any family whose blocks the library calls repeated.
        backend: of `torch.compile`.

    Raises:
        UnsupportedError: the library does not say which parts of this network repeat.
    """
    networks = transformers(model)
    for network in networks:
        _check(network, name=model.family.name)
    before = [(block, vars(block).get("forward")) for block in _blocks(networks)]
    for network in networks:
        compile_blocks(network, name=model.family.name, backend=backend)
    try:
        yield
    finally:
        for block, forward in before:
            del block.forward
            if forward is not None:
                block.forward = forward


def compile_blocks(network: Any, *, name: str, backend: Backend = "inductor") -> None:
    """Compile the repeated blocks of a transformer; raises like `compiled`, which calls it `name`."""
    _check(network, name=name)
    for block in _blocks([network]):
        block.forward = torch.compile(block.forward, backend=backend)


def _check(network: Any, *, name: str) -> None:
    if not getattr(network, "_repeated_blocks", None):
        raise UnsupportedError(f"{name} has no blocks that can be compiled")


def _blocks(networks: list[Any]) -> list[Any]:
    return [
        part
        for network in networks
        for part in network.modules()
        if type(part).__name__ in network._repeated_blocks
    ]
