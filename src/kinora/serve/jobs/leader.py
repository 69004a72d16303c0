"""The one worker that also keeps house. In: a lock. Out: pump, reconcile, reap, retention and sweep, in turn."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from kinora.serve.jobs.control import Control
from kinora.serve.jobs.database import Database, away
from kinora.serve.jobs.engine import Orders
from kinora.serve.jobs.lock import lock
from kinora.serve.jobs.pump import pump
from kinora.serve.jobs.reap import reap
from kinora.serve.jobs.reconcile import reconcile
from kinora.serve.jobs.retention import forget_deliveries, retain, retain_batches
from kinora.serve.jobs.sweep import Sweep
from kinora.serve.settings import Settings
from kinora.serve.store import Store

TICK_SECONDS = 0.2
log = logging.getLogger("kinora.serve")


class Leader(threading.Thread):
    """Every worker runs one; whichever holds the lock does the work.

    Args:
        database, store: what is kept in order.
        control: ends the thread.
        worker: the name of this one.
        settings: limits and times.
        recover: queues again what dead workers left behind.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        control: Control,
        *,
        worker: str,
        settings: Settings,
        recover: Callable[[Sequence[str]], None],
    ) -> None:
        super().__init__(name="leader", daemon=True)
        self._database, self._store, self._control = database, store, control
        self._worker, self._settings, self._recover = worker, settings, recover
        self._folder: Path = settings.data
        self._orders = Orders(settings.database_url)
        self._lock = lock(database, "leader", folder=self._folder)
        self._sweep = Sweep(database, store, scratch=settings.data / "scratch" / "uploads")
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Until the process ends."""
        while not self._control.ending.wait(TICK_SECONDS):
            try:
                if self._lock.take():
                    self.tick()
            except SQLAlchemyError as error:
                if not away(error):
                    log.exception("the leader stumbled")
            except Exception:  # the leader must not die of one bad row
                log.exception("the leader stumbled")
        self._lock.free()

    def tick(self) -> None:
        """Whatever is due."""
        s = self._settings
        pump(self._database, self._orders, max_running=s.max_running)
        if self._is_due("reconcile", seconds=1.0):
            reconcile(self._database, self._orders)
        if self._is_due("reap", seconds=2.0):
            self._reap()
        if self._is_due("retain", seconds=1.0):
            keep = s.retention_hours * 3600
            retain(self._database, self._orders, self._store, keep_seconds=keep)
        if self._is_due("deliveries", seconds=3600.0):
            forget_deliveries(self._database)
            retain_batches(self._database, self._store, keep_seconds=s.retention_hours * 3600)
        if self._is_due("sweep", seconds=600.0):
            for name in self._sweep():
                log.warning("%s was nobody's; it was removed", name)

    def _reap(self) -> None:
        dead = reap(
            self._database,
            self._orders,
            me=self._worker,
            folder=self._folder,
            recover=self._recover,
        )
        for worker in dead:
            log.warning("worker %s is dead; its work was handed on", worker)

    def _is_due(self, what: str, *, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True
