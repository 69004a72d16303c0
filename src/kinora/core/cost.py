"""What a computation costs, without doing it. In: a function of meta tensors. Out: operations and bytes.

Tensors on the meta device have shapes and no memory; every operation still passes by here. Kinds of work are
told apart because a machine does each at its own speed; an operation that computes moves its bytes as well.
"""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

MAPPED = 32 << 20
"""The largest block that the C library of Linux puts on its heap; larger ones go back when they are freed."""

FIRST_MAPPED = 128 << 10
"""The same where nothing large was given back yet; each larger block that comes back raises it to its size."""

HOLES = 2.0
"""Heap held for every byte alive on it: fitted to the twelve films of `benchmarks/estimate.py` by glibc."""

LAID_OUT = 3
"""How often a convolution's picture and result are moved: its kernels lay both out anew, and back."""

CONVOLUTIONS = {torch.ops.aten.convolution, torch.ops.aten._convolution}


@dataclass(frozen=True)
class Cost:
    """What was counted; FLOPs count a multiply and an add as two.

    Args:
        products: FLOPs of matrix products.
        attention: FLOPs of fused attention.
        convolutions: FLOPs of convolutions.
        traffic: bytes that operations read and write.
        fresh: bytes that the system gives anew, page by page, because they went back to it before.
        calls: operations, those that only look at a tensor otherwise among them.
        peak: bytes alive at once beyond what was there before.
        held: bytes that a process holds for them where small blocks come from a heap with holes.
        moved: bytes that go to other devices.
    """

    products: float = 0.0
    attention: float = 0.0
    convolutions: float = 0.0
    traffic: float = 0.0
    fresh: float = 0.0
    calls: float = 0.0
    peak: int = 0
    held: int = 0
    moved: float = 0.0

    @property
    def flops(self) -> float:
        """Of all kinds."""
        return self.products + self.attention + self.convolutions

    def __add__(self, other: "Cost") -> "Cost":
        """One after the other."""
        return Cost(
            products=self.products + other.products,
            attention=self.attention + other.attention,
            convolutions=self.convolutions + other.convolutions,
            traffic=self.traffic + other.traffic,
            fresh=self.fresh + other.fresh,
            calls=self.calls + other.calls,
            peak=max(self.peak, other.peak),
            held=max(self.held, other.held),
            moved=self.moved + other.moved,
        )

    def __mul__(self, times: float) -> "Cost":
        """So many times one after the other."""
        return Cost(
            products=self.products * times,
            attention=self.attention * times,
            convolutions=self.convolutions * times,
            traffic=self.traffic * times,
            fresh=self.fresh * times,
            calls=self.calls * times,
            peak=self.peak,
            held=self.held,
            moved=self.moved * times,
        )

    def shared(self, among: int, *, whole: int, moved: float) -> "Cost":
        """The part of one of several devices that do the same calls on a share of the data each.

        Args:
            among: how many there are.
            whole: bytes that each of them holds undivided.
            moved: bytes that each sends to the others.
        """
        if among == 1:
            return self
        part = self * (1 / among)
        return replace(
            part, calls=self.calls, peak=self.peak // among + whole,
            held=self.held // among + whole, moved=moved,
        )  # fmt: skip

    def beside(self, kept: int) -> "Cost":
        """The same work with `kept` bytes more in memory all the while."""
        return self + Cost(peak=self.peak + kept, held=self.held + kept)


def count(work: Callable[[], Any], *, heap: "Heap | None" = None) -> Cost:
    """Run `work` on meta tensors and count.

    Args:
        work: is called once.
        heap: as earlier work left it, and as this work leaves it; None is a process that just began.
    """
    heap = heap or Heap()
    before = heap.fresh
    alive, fused = _Alive(heap), _Fused()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter, alive, fused:
        kept = work()
    del kept
    counts = counter.get_flop_counts().get("Global", {})
    convolutions = sum(value for kind, value in counts.items() if kind in CONVOLUTIONS)
    return Cost(
        products=float(sum(counts.values()) - convolutions),
        attention=fused.flops,
        convolutions=float(convolutions),
        traffic=float(alive.traffic + fused.traffic),
        fresh=float(heap.fresh - before),
        calls=float(alive.calls),
        peak=alive.peak,
        held=round(alive.held),
    )


def weight_bytes(network: nn.Module) -> int:
    """Bytes of all parameters and buffers."""
    held = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in held)


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of their storages, each counted once."""
    return sum({_key(each): each.untyped_storage().nbytes() for each in tensors}.values())


class Heap:
    """The C library's heap as a process goes on: what it keeps of what is given back, and what it does not."""

    def __init__(self) -> None:
        self.fresh = 0
        self._now = 0
        self._top = 0
        self._limit = FIRST_MAPPED

    def take(self, size: int) -> bool:
        """A block is made; True if the system gave it for itself alone."""
        if size >= self._limit:
            self.fresh += size
            return True
        self._now += size
        self.fresh += max(0, self._now - self._top)
        self._top = max(self._top, self._now)
        return False

    def give(self, size: int, *, alone: bool) -> None:
        """A block is gone. The end of the heap goes back once it is twice as large as the limit."""
        if alone:
            self._limit = max(self._limit, size) if size <= MAPPED else self._limit
            return
        self._now -= size
        if self._top - self._now > 2 * self._limit:
            self._top = self._now

    def borrow(self, sizes: Iterable[int]) -> None:
        """Blocks that are there at once, for a moment."""
        there = [(size, self.take(size)) for size in sizes]
        for size, alone in there:
            self.give(size, alone=alone)


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The bytes of every storage from its making to its end, and what goes back and forth."""

    def __init__(self, malloc: Heap) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.heap = 0
        self.peak = 0
        self.held = 0.0
        self.traffic = 0
        self.malloc = malloc
        self.calls = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        taken = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        made = [each for each in tree_leaves(result) if isinstance(each, Tensor)]
        given = {_key(each) for each in taken}
        for tensor in made:
            if _key(tensor) not in given | self._seen:
                self._watch(tensor)
        self.calls += 1
        if func._overloadpacket in CONVOLUTIONS:
            # Kernels of the processor lay their input out anew beside the plain one.
            self._mark(_size(taken[0]))
            both = _size(taken[0]), sum(map(_size, made))
            self.malloc.borrow(both)
            self.traffic += LAID_OUT * sum(both)
        elif not func.is_view:
            self.traffic += sum(map(_size, [*taken, *made]))
        return result

    def _watch(self, tensor: Tensor) -> None:
        storage, key = tensor.untyped_storage(), _key(tensor)
        size = storage.nbytes()
        self._seen.add(key)
        self.now += size
        self.heap += size if size < MAPPED else 0
        alone = self.malloc.take(size)
        self._mark()
        weakref.finalize(storage, self._gone, key, size, alone)

    def _mark(self, passing: int = 0) -> None:
        """A new height, perhaps, with bytes that are there for a moment only."""
        self.peak = max(self.peak, self.now + passing)
        heap = self.heap + (passing if passing < MAPPED else 0)
        self.held = max(self.held, self.now + passing + (HOLES - 1) * heap)

    def _gone(self, key: int, size: int, alone: bool) -> None:
        self._seen.discard(key)
        self.now -= size
        self.heap -= size if size < MAPPED else 0
        self.malloc.give(size, alone=alone)


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _size(tensor: Tensor) -> int:
    """Bytes that are looked at: an expanded tensor is read from cache."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())


class _Fused(TorchFunctionMode):
    """What meta tensors cannot do: attention without a table of every pair, and answering questions."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0.0
        self.traffic = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (Tensor.__bool__, Tensor.__float__) and args[0].is_meta:
            return True if func is Tensor.__bool__ else 0.0  # "are all the same?" is what is asked
        if func is not nn.functional.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        named = {**dict(zip(("query", "key", "value"), args, strict=False)), **(kwargs or {})}
        query, key, value = (named[name] for name in ("query", "key", "value"))
        *batch, queries, width = query.shape
        heads = 1
        for size in batch:
            heads *= size
        self.flops += 2.0 * heads * queries * key.shape[-2] * (width + value.shape[-1])
        seen = query.new_empty(*batch, queries, value.shape[-1])
        self.traffic += _size(key) + _size(value)  # the others are seen where the result is made
        return seen
