"""What a computation costs, without doing it. In: a function of meta tensors. Out: FLOPs and peak bytes.

Tensors on the meta device have shapes and no memory; every operation still passes by here.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Cost:
    """`flops` (a multiply and an add are two), `peak` bytes alive at once beyond what was there before."""

    flops: float
    peak: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.flops + other.flops, max(self.peak, other.peak))

    def __mul__(self, times: float) -> "Cost":
        return Cost(self.flops * times, self.peak)


def count(work: Callable[[], Any]) -> Cost:
    """Run `work` on meta tensors and count."""
    alive = _Alive()
    attention = _Attention()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter, alive, attention:
        kept = work()
    del kept
    return Cost(float(counter.get_total_flops()) + attention.flops, alive.peak)


def weight_bytes(network: nn.Module) -> int:
    """Bytes of all parameters and buffers."""
    held = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in held)


class _Alive(TorchDispatchMode):
    """The bytes of every storage from its making to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {_key(each) for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and _key(tensor) not in given | self._seen:
                self._watch(tensor)
        return result

    def _watch(self, tensor: Tensor) -> None:
        storage, key = tensor.untyped_storage(), _key(tensor)
        size = storage.nbytes()
        self._seen.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


class _Attention(TorchFunctionMode):
    """Fused attention keeps no table of every query with every key; its meta version would."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0.0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not nn.functional.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        named = {**dict(zip(("query", "key", "value"), args, strict=False)), **(kwargs or {})}
        query, key, value = (named[name] for name in ("query", "key", "value"))
        *batch, queries, width = query.shape
        heads = 1
        for size in batch:
            heads *= size
        self.flops += 2.0 * heads * queries * key.shape[-2] * (width + value.shape[-1])
        return query.new_empty(*batch, queries, value.shape[-1])
