"""How long queued jobs will wait. In: a look at the queue, once a second at most. Out: seconds until a job's turn.

Every poller is told when to come back, so the answer must cost less than what it saves: a lookup.
"""

import threading
import time
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from kinora.serve.jobs.database import Database
from kinora.serve.jobs.rows import Video
from kinora.serve.jobs.table import videos, workers
from kinora.serve.jobs.watcher import FRESH_SECONDS

LOOK_SECONDS = 1.0
LOOKED_AT = 2000
"""Jobs at the head of the queue that are told apart; whoever stands behind them stands behind them all."""
LATEST = 20
"""Finished jobs whose mean is what the next ones will take."""


class Turns:
    """Tells how long jobs will wait, from the order in which the pump takes them.

    Args:
        database: of the jobs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._next_look = 0.0
        self._places: Mapping[str, int] = {}
        self._seconds_each: float | None = None

    def wait(self, row: Video) -> float | None:
        """Seconds until a queued job begins; None for one that does not wait for its turn, or if nothing is known."""
        if row.state != "queued":
            return None
        with self._guard:
            due = time.monotonic() >= self._next_look
            if due:
                # Whoever comes meanwhile is told by the last look, not made to wait for this one.
                self._next_look = time.monotonic() + LOOK_SECONDS
        if due:
            with self._database.read() as connection:
                places, seconds = _places(connection), _seconds_each(connection)
            self._places, self._seconds_each = places, seconds
        if self._seconds_each is None:
            return None
        return self._places.get(row.id, len(self._places)) * self._seconds_each


def _places(connection: Connection) -> dict[str, int]:
    """Jobs by the order of their turns."""
    waiting = (
        select(videos.c.id)
        .where(videos.c.state == "queued")
        .order_by(videos.c.priority.desc(), videos.c.rank)
        .limit(LOOKED_AT)
    )
    return {video: place for place, video in enumerate(connection.execute(waiting).scalars())}


def _seconds_each(connection: Connection) -> float | None:
    """Between the ends of two jobs, with as many workers as there are now; None before the first."""
    slots = connection.execute(
        select(func.sum(workers.c.slots)).where(workers.c.seen_at > time.time() - FRESH_SECONDS)
    ).scalar_one()
    took = connection.execute(
        select(videos.c.completed_at - videos.c.started_at)
        .where(videos.c.state == "done", videos.c.started_at.is_not(None))
        .order_by(videos.c.seq.desc())
        .limit(LATEST)
    ).scalars()
    each = [float(seconds) for seconds in took]
    return sum(each) / len(each) / (slots or 1) if each else None
