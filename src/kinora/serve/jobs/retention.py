"""What is removed, and when. In: the clock. Out: a film's orders, files and row gone, in that order."""

import time

from sqlalchemy import delete, or_, select

from kinora.serve.jobs.artefacts import folder
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.engine import Orders
from kinora.serve.jobs.table import ENDED, batches, deliveries, events, files, videos
from kinora.serve.store import Store

AT_ONCE = 50
DELIVERIES_SECONDS = 30 * 24 * 3600.0


def retain(database: Database, orders: Orders, store: Store, *, keep_seconds: float) -> int:
    """Remove what was deleted or has expired; returns how many films that were.

    Args:
        database, orders, store: the three places where something of a film is.
        keep_seconds: how long failed and cancelled jobs are told of; 0 is for ever.
    """
    now = time.time()
    over = [videos.c.want == "delete", videos.c.expires_at <= now]
    if keep_seconds:
        over.append(videos.c.completed_at <= now - keep_seconds)
    with database.read() as connection:
        gone = connection.execute(
            select(videos.c.id).where(videos.c.state.in_(ENDED), or_(*over)).limit(AT_ONCE)
        ).scalars().all()  # fmt: skip
    for video in gone:
        orders.forget(video)
        store.delete(folder(video))
        with database.write() as connection:
            connection.execute(delete(events).where(events.c.video == video))
            connection.execute(delete(videos).where(videos.c.id == video))
    return len(gone)


def retain_batches(database: Database, store: Store, *, keep_seconds: float) -> int:
    """Remove files and batches that are older than films are kept; returns how many files that were.

    Args:
        database, store: where they are.
        keep_seconds: since they were made; 0 is for ever. A batch stays while it has a job left.
    """
    if not keep_seconds:
        return 0
    oldest = time.time() - keep_seconds
    with database.read() as connection:
        old = select(files.c.id).where(files.c.created_at < oldest)
        gone = connection.execute(old).scalars().all()
    for name in gone:
        store.delete(f"files/{name}")
        with database.write() as connection:
            connection.execute(delete(files).where(files.c.id == name))
    left = select(videos.c.batch).where(videos.c.batch == batches.c.id).exists()
    with database.write() as connection:
        connection.execute(delete(batches).where(batches.c.created_at < oldest, ~left))
    return len(gone)


def forget_deliveries(database: Database) -> None:
    """Shorten the log of webhooks to a month."""
    with database.write() as connection:
        connection.execute(
            delete(deliveries).where(deliveries.c.created_at < time.time() - DELIVERIES_SECONDS)
        )
