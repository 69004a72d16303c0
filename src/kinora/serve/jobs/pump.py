"""Whose turn it is. In: queued rows. Out: orders, each given in the transaction that dispatches its row.

Priorities, limits per owner, pauses and waiting times live here; the engine sees only as many orders
as workers can begin soon.
"""

import time

from sqlalchemy import Connection, func, select, update

from kinora.serve.jobs import rows
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.engine import Orders
from kinora.serve.jobs.table import videos, workers
from kinora.serve.jobs.watcher import FRESH_SECONDS

AHEAD = 1
"""Orders beyond the free slots, so that no worker waits for the next look."""


def pump(database: Database, orders: Orders, *, max_running: int) -> int:
    """Dispatch what can be begun soon.

    Args:
        database: the rows.
        orders: where orders are given.
        max_running: dispatched jobs of one owner; 0 is no limit.

    Returns:
        How many were dispatched.
    """
    # Most looks find nothing to do, and then must not hold up those who write.
    with database.read() as connection:
        if not _waiting(connection) or _room(connection) <= 0:
            return 0
    with database.write() as connection:
        room = _room(connection)
        given = 0
        while given < room:
            row = _next(connection, max_running=max_running)
            if row is None:
                break
            _dispatch(connection, orders, row)
            given += 1
        return given


def _waiting(connection: Connection) -> bool:
    ready = select(videos.c.seq).where(
        videos.c.state == "queued", videos.c.hold_until <= time.time()
    )
    return connection.execute(ready.limit(1)).first() is not None


def _room(connection: Connection) -> int:
    """Orders that may be given now."""
    return _slots(connection) + AHEAD - _dispatched(connection)


def _slots(connection: Connection) -> int:
    fresh = workers.c.seen_at > time.time() - FRESH_SECONDS
    return int(
        connection.execute(
            select(func.coalesce(func.sum(workers.c.slots), 0)).where(fresh)
        ).scalar_one()
    )


def _dispatched(connection: Connection) -> int:
    count = select(func.count()).where(videos.c.state == "dispatched")
    return int(connection.execute(count).scalar_one())


def _next(connection: Connection, *, max_running: int) -> rows.Video | None:
    ready = (
        select(videos)
        .where(
            videos.c.state == "queued",
            videos.c.want == "run",
            videos.c.hold_until <= time.time(),
        )
        .order_by(videos.c.priority.desc(), videos.c.rank, videos.c.seq)
        .limit(1)
        .with_for_update()
    )
    if max_running:
        full = (
            select(videos.c.owner)
            .where(videos.c.state == "dispatched")
            .group_by(videos.c.owner)
            .having(func.count() >= max_running)
        )
        ready = ready.where(videos.c.owner.not_in(full))
    return connection.execute(ready).first()


def _dispatch(connection: Connection, orders: Orders, row: rows.Video) -> None:
    generation = row.generation + 1
    connection.execute(
        update(videos)
        .where(videos.c.id == row.id)
        .values(state="dispatched", generation=generation, worker=None, started_at=None)
    )
    orders.give(connection, (row.id, generation))
