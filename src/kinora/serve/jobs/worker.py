"""One worker process. In: settings. Out: films, until it is asked to end or is killed.

Run as `python -m kinora.serve.jobs.worker NAME` with the settings as JSON in `KINORA_WORKER_SETTINGS`.
"""

import logging
import os
import signal
import sys
import threading
import time
from functools import partial

from kinora.core.errors import BusyError
from kinora.generate import load_folder
from kinora.serve.card import found
from kinora.serve.jobs import engine, rows
from kinora.serve.jobs.control import Control
from kinora.serve.jobs.courier import Courier
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.guard import Guard, persist
from kinora.serve.jobs.leader import Leader
from kinora.serve.jobs.lock import Lock, lock
from kinora.serve.jobs.maker import Maker
from kinora.serve.jobs.reap import worker_lock
from kinora.serve.jobs.seal import Seal
from kinora.serve.jobs.watcher import Watcher
from kinora.serve.policy import load_policy
from kinora.serve.settings import WORKER_VARIABLE, Settings
from kinora.serve.store import open_store
from kinora.timeline.filmmaker import Filmmaker

WAIT_SECONDS = 10.0
LOCK_SECONDS = 1.0
SLOTS = 1
"""Films made at once by a process: there is one device to a process."""


def work(settings: Settings, *, worker: str, parent: int | None = None) -> None:
    """Take orders until SIGTERM, SIGINT, or the end of the process `parent`.

    Raises:
        BusyError: another process works under this name.
        NotFoundError: there is no such model.
    """
    database = Database(settings.database_url)
    settings.data.mkdir(parents=True, exist_ok=True)
    held = lock(database, worker_lock(worker), folder=settings.data)
    _take(held, worker)
    database.create()
    engine.prepare(settings.database_url)
    store = open_store(settings.store_url)
    control = Control()
    folder = found(settings.model)
    model = load_folder(folder.path, name=folder.name)
    maker = Maker(
        Filmmaker(folder.path, model),
        database=database,
        store=store,
        scratch=settings.data / "scratch" / worker,
        control=control,
        seal=Seal(settings, load_policy(settings)),
        checkpoint_seconds=settings.checkpoint_seconds,
        preview_seconds=settings.preview_seconds,
        keep_seconds=settings.retention_hours * 3600,
    )
    guard = Guard(database, control, over=maker.over)
    _listen(control)
    watcher = Watcher(database, control, worker=worker, model=model.name, slots=SLOTS)
    watcher.beat()
    engine.start(
        settings.database_url,
        worker=worker,
        slots=SLOTS,
        opening=partial(_open, database, control, worker=worker, limit=settings.attempts),
        stages=[
            (name, partial(guard.run, act))
            for name, act in (
                ("dream", maker.dream),
                ("draw", maker.draw),
                ("sign", maker.sign),
                ("deliver", maker.deliver),
            )
        ],
    )
    threads: list[threading.Thread] = [
        watcher,
        Leader(database, store, control, worker=worker, settings=settings, recover=engine.recover),
        Courier(database, control, settings=settings),
    ]
    for thread in threads:
        thread.start()
    _wait(control, held, parent=parent)
    engine.end(seconds=int(WAIT_SECONDS))
    for thread in threads:
        thread.join(timeout=WAIT_SECONDS)
    held.free()
    database.close()


def _open(
    database: Database, control: Control, video: str, generation: int, *, worker: str, limit: int
) -> bool:
    row = persist(
        database,
        control,
        lambda connection: rows.begin(connection, video, generation, worker=worker, limit=limit),
    )
    return row is not None


def _take(held: Lock, worker: str) -> None:
    # The process before us may take a moment to die.
    deadline = time.monotonic() + WAIT_SECONDS
    while not held.take():
        if time.monotonic() > deadline:
            raise BusyError(
                f"a worker called {worker} is already at work", remedy="Choose another --name"
            )
        time.sleep(0.2)


def _listen(control: Control) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: control.ending.set())


def _wait(control: Control, held: Lock, *, parent: int | None) -> None:
    """Until the end. A lock that was lost with the database's connection is taken anew."""
    while not control.ending.wait(LOCK_SECONDS):
        held.take()
        if parent is not None and os.getppid() != parent:
            control.ending.set()


def main() -> None:
    """The process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings = Settings.model_validate_json(os.environ.pop(WORKER_VARIABLE))
    work(settings, worker=sys.argv[1], parent=int(sys.argv[2]) if len(sys.argv) > 2 else None)


if __name__ == "__main__":
    main()
