"""The dead and their work. In: names of workers with orders at work. Out: those orders, queued again.

A worker holds a lock for as long as it lives; whoever can take that lock knows that it is dead, and
keeps the lock until the work has been handed on, so that the dead cannot return in between.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import delete

from kinora.serve.jobs.database import Database
from kinora.serve.jobs.engine import Orders
from kinora.serve.jobs.lock import lock
from kinora.serve.jobs.table import workers


def worker_lock(worker: str) -> str:
    """Name of the lock that the worker holds."""
    return f"worker-{worker}"


def reap(
    database: Database,
    orders: Orders,
    *,
    me: str,
    folder: Path,
    recover: Callable[[Sequence[str]], None],
) -> list[str]:
    """Hand on the work of every dead worker; returns their names.

    Args:
        database: shared by all workers.
        orders: knows who is at work.
        me: the worker that asks, which is alive.
        folder: of lock files, where there are some.
        recover: queues again what these workers left behind.
    """
    dead = []
    for worker in sorted(orders.holders() - {me}):
        held = lock(database, worker_lock(worker), folder=folder)
        if not held.take():
            continue
        try:
            recover([worker])
            with database.write() as connection:
                connection.execute(delete(workers).where(workers.c.id == worker))
            dead.append(worker)
        finally:
            held.free()
    return dead
