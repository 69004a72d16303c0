"""Rows against the engine. In: dispatched rows. Out: rows whose order has come to an end unnoticed, mended."""

from sqlalchemy import select, update

from kinora.serve.jobs import rows
from kinora.serve.jobs.announce import record
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.engine import ALIVE, Orders
from kinora.serve.jobs.table import videos


def reconcile(database: Database, orders: Orders) -> int:
    """Repair what differs; returns how many rows were changed.

    A row is read before the engine is asked. So a row found dispatched whose order is over would have
    been settled by the order itself, if all had gone well.
    """
    with database.read() as connection:
        held = connection.execute(select(videos).where(videos.c.state == "dispatched")).all()
        unwanted = connection.execute(
            select(videos).where(videos.c.state.in_(("queued", "paused")), videos.c.want != "run")
        ).all()
    states = orders.states((row.id, row.generation) for row in held)
    changed = sum(_stopped(database, row) for row in unwanted)
    for row in held:
        state = states.get((row.id, row.generation))
        if state not in ALIVE:
            changed += _again(database, row, state or "missing")
        elif row.want != "run" and state == "ENQUEUED":
            with database.write() as connection:
                changed += rows.stop(connection, row.id, row.generation)
    return changed


def _stopped(database: Database, row: rows.Video) -> bool:
    if row.want == "pause" and row.state == "paused":
        return False
    with database.write() as connection:
        return rows.stop_queued(connection, row)


def _again(database: Database, row: rows.Video, state: str) -> bool:
    with database.write() as connection:
        if row.want != "run":
            return rows.stop(connection, row.id, row.generation)
        changed = connection.execute(
            update(videos)
            .where(
                videos.c.id == row.id,
                videos.c.state == "dispatched",
                videos.c.generation == row.generation,
            )
            .values(state="queued", worker=None)
        )
        if changed.rowcount != 1:
            return False
        record(connection, row.id, "waiting", reason=f"its order was {state.lower()}", seconds=0)
        return True
