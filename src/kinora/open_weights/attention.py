"""Which attention kernel runs. In: a backend's name. Out: a block, or a network, that uses it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from kinora.core.errors import UnsupportedError, UsageError


@dataclass(frozen=True)
class Task:
    """What a kernel is for.

    Args:
        device: where it computes.
        dtype: of queries, keys and values.
        masked: whether some words are hidden from it, which not every kernel can do.
        shared: whether several processes share the heads, which the library must know how to do with it.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    masked: bool = False
    shared: bool = False


def backends() -> list[str]:
    """The names this library version knows; not every machine can run each."""
    from diffusers.models.attention_dispatch import AttentionBackendName

    return sorted(each.value for each in AttentionBackendName)


def usable(task: Task) -> list[str]:
    """Those that can do it here: each is asked for a few tokens, for a name that is there may yet fail."""
    return [name for name in backends() if _runs(name, task)]


def check_backend(backend: str, task: Task) -> None:
    """Raise unless a backend can do it here.

    Raises:
        UsageError: no such backend, or it does not run on this machine; with those that do.
    """
    known = backend in backends()
    if known and _runs(backend, task):
        return
    hidden = " with words that are hidden from it" if task.masked else ""
    hidden += " in several processes" if task.shared else ""
    raise UsageError(
        f"the attention backend '{backend}' does not run here{hidden}"
        if known
        else f"there is no attention backend '{backend}'",
        remedy=f"One of: {', '.join(usable(task))}",
    )


def use(network: Any, backend: str, *, name: str) -> None:
    """Let every layer of this network, and of no other, use a backend.

    Raises:
        UnsupportedError: its layers, which the error calls those of `name`, have no choice of kernels.
    """
    from diffusers.models.attention_dispatch import AttentionBackendName

    processors: list[Any] = [getattr(layer, "processor", None) for layer in network.modules()]
    choosing = [each for each in processors if hasattr(each, "_attention_backend")]
    if not choosing:
        raise UnsupportedError(
            f"the library's {name} has one way of attention only", remedy="Leave out --attention"
        )
    # The library's own setter would also change every later model.
    for each in choosing:
        each._attention_backend = AttentionBackendName(backend)


@contextmanager
def attention(backend: str, task: Task = Task()) -> Iterator[None]:
    """Use a backend inside the block; the library's own setter would change every later model too.

    Raises:
        UsageError: no such backend, or it cannot do the task on this machine.
    """
    from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend

    check_backend(backend, task)
    with attention_backend(AttentionBackendName(backend)):
        yield


def _runs(backend: str, task: Task) -> bool:
    from diffusers.models.attention_dispatch import (
        AttentionBackendName,
        _AttentionBackendRegistry,
        dispatch_attention_fn,
    )

    registry = _AttentionBackendRegistry
    if task.shared and not registry._is_context_parallel_available(AttentionBackendName(backend)):
        return False
    states = torch.zeros(1, 16, 2, 64, device=task.device, dtype=task.dtype)
    mask = torch.ones(1, 1, 1, 16, device=task.device, dtype=torch.bool) if task.masked else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of kernels that nobody asked for
        try:
            dispatch_attention_fn(
                states, states, states, attn_mask=mask, backend=AttentionBackendName(backend)
            )
        except Exception:  # each kernel has errors of its own for what it lacks
            return False
    return True
