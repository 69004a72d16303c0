"""Several processes that make one film. In: what torchrun told each of them. Out: one leads, the others follow.

The first one alone reads, writes and prints; it gives orders to the others. Whose team a process is of holds
for a block, as inference mode does, so that no edit has to pass it on.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kinora.core.device import take_gpu
from kinora.core.errors import KinoraError

PATIENCE = timedelta(days=7)
"""How long an order may be waited for: the first process reads words and draws frames between them."""

FAILED = "failed"
"""Where the first process that fails leaves its number, so that no other one speaks of it too."""

LOST = ("gloo", "nccl", "connection closed", "connection reset")
"""How the libraries put it that another process does not answer any more."""


@dataclass(eq=False)
class Team:
    """This process and its fellows.

    Args:
        rank: its number; 0 leads.
        size: how many there are.
        local: its number on this machine.
        here: how many there are on this machine.
        stage: what the others have loaded, as the first one knows it.
    """

    rank: int
    size: int
    local: int
    here: int
    stage: object = None
    _store: Any = field(default=None, repr=False)
    _busy: bool = field(default=False, repr=False)

    @property
    def free(self) -> bool:
        """Whether nobody waits for an answer of a computation that was broken off."""
        return not self._busy

    @property
    def leads(self) -> bool:
        """Whether it is the one that makes the film."""
        return self.rank == 0

    def say(self, order: object) -> None:
        """Give an order, plain data and tensors of the processor; None sends all others home."""
        _broadcast([order])

    def hear(self) -> Any:
        """The next order."""
        given: list[Any] = [None]
        _broadcast(given)
        return given[0]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """All compute together: who leaves the block by an error leaves the others without an answer."""
        self._busy = True
        yield
        self._busy = False

    def fails_first(self) -> bool:
        """Whether no other process has failed before this one."""
        told = b"0"
        with suppress(RuntimeError):  # there is nobody to ask, so the first one has gone or speaks
            told = self._store.compare_set(FAILED, "", str(self.rank))
        return int(told) == self.rank


_TEAM: ContextVar[Team | None] = ContextVar("team", default=None)


def team() -> Team | None:
    """The team of this block; None for a process of its own."""
    return _TEAM.get()


def enlisted(environ: Mapping[str, str] = os.environ) -> Team | None:
    """What torchrun says that this process is; None for a process of its own."""
    size = int(environ.get("WORLD_SIZE") or 1)
    if size == 1 or "RANK" not in environ:
        return None
    rank, local = int(environ["RANK"]), int(environ.get("LOCAL_RANK") or environ["RANK"])
    return Team(rank, size, local, int(environ.get("LOCAL_WORLD_SIZE") or size))


@contextmanager
def assembled(mine: Team) -> Iterator[Team]:
    """Inside the block the processes hear each other; at its end the first one sends the others home."""
    import torch.distributed as dist
    from torch.distributed.rendezvous import rendezvous

    # Orders go by the processor, tensors of a network where it computes.
    backend = "cpu:gloo,cuda:nccl" if take_gpu(mine.local, of=mine.here) else "gloo"
    mine._store, _, _ = next(rendezvous("env://"))
    dist.init_process_group(
        backend, store=mine._store, rank=mine.rank, world_size=mine.size, timeout=PATIENCE
    )
    token = _TEAM.set(mine)
    try:
        yield mine
    finally:
        _TEAM.reset(token)
        if mine.free:
            with suppress(RuntimeError):  # somebody has gone already
                if mine.leads:
                    mine.say(None)
                dist.destroy_process_group()


def fails_first() -> bool:
    """Whether this process is the one to tell what went wrong: a process of its own always is."""
    mine = team()
    return mine is None or mine.fails_first()


def command() -> list[str]:
    """The words that start a command of Kinora as this one was started."""
    mine = team()
    if mine is None:
        return ["kinora"]
    return ["torchrun", "--nproc-per-node", str(mine.here), "-m", "kinora"]


def lost(error: BaseException) -> KinoraError | None:
    """What an error of the libraries means if it is that another process is gone; None if it is not."""
    told = str(error).lower()
    if team() is None or not isinstance(error, RuntimeError):
        return None
    if not any(words in told for words in LOST):
        return None
    return KinoraError(
        "another process of this film has ended",
        remedy="torchrun says which one; if it was killed, memory may be short: try a smaller --size",
    )


def _broadcast(orders: list[Any]) -> None:
    import torch
    import torch.distributed as dist

    dist.broadcast_object_list(orders, src=0, device=torch.device("cpu"))
