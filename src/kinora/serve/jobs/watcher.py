"""A thread that sees what clients want. In: rows of the jobs at work here. Out: stop flags, a heartbeat."""

import os
import socket
import threading
import time

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from kinora.serve.jobs.control import Control
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.table import videos, workers

LOOK_SECONDS = 0.25
BEAT_SECONDS = 2.0
FRESH_SECONDS = 15.0
"""A worker unseen for this long is not counted when work is handed out."""


class Watcher(threading.Thread):
    """Looks four times a second while something is at work, and says that this worker lives."""

    def __init__(
        self, database: Database, control: Control, *, worker: str, model: str, slots: int
    ) -> None:
        super().__init__(name="watcher", daemon=True)
        self._database, self._control = database, control
        self._worker, self._model, self._slots = worker, model, slots
        self._beaten = 0.0

    def run(self) -> None:
        """Until the process ends."""
        while not self._control.ending.wait(LOOK_SECONDS):
            try:
                self.look()
                self.beat()
            except SQLAlchemyError:
                # The database is away; the work goes on, and so do we.
                continue

    def look(self) -> None:
        """Flag what shall stop."""
        running = self._control.running()
        if not running:
            return
        columns = (videos.c.id, videos.c.want, videos.c.generation, videos.c.state)
        with self._database.read() as connection:
            found = connection.execute(select(*columns).where(videos.c.id.in_(running))).all()
        ours = {
            row.id
            for row in found
            if row.want == "run" and row.state == "dispatched" and row.generation == running[row.id]
        }
        for video in set(running) - ours:
            self._control.stop(video)

    def beat(self) -> None:
        """Say that we live."""
        now = time.time()
        if now - self._beaten < BEAT_SECONDS:
            return
        row = {
            "id": self._worker,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "model": self._model,
            "slots": self._slots,
            "seen_at": now,
        }
        with self._database.write() as connection:
            connection.execute(delete(workers).where(workers.c.id == self._worker))
            connection.execute(insert(workers).values(row))
        self._beaten = now
