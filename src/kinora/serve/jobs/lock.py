"""Locks that die with their holder. In: a name. Out: whether this process holds it.

On one machine a lock of the file system, on several an advisory lock of Postgres: whoever is killed or
cut off lets go without being asked.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from kinora.serve.jobs.database import Database


class Lock(Protocol):
    """A lock by name."""

    def take(self) -> bool:
        """Try to take it, or make sure that it is still ours; never waits."""
        ...

    def free(self) -> None:
        """Let go; nothing happens if it was not held."""
        ...


class FileLock:
    """A lock on a file of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """True at once if it is held already."""
        if self._descriptor is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def free(self) -> None:
        """Closing the file is enough."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class AdvisoryLock:
    """A session lock of Postgres, on a connection of its own."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        digest = hashlib.sha256(f"kinora/{name}".encode()).digest()
        self._number = int.from_bytes(digest[:8], "big", signed=True)
        self._connection: Connection | None = None

    def take(self) -> bool:
        """False as well while the database is away."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            return self._connect()
        except DBAPIError:
            self.free()
            return False

    def free(self) -> None:
        """Throw the connection away, and the lock with it."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _connect(self) -> bool:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = connection.execute(
            text("SELECT pg_try_advisory_lock(:number)"), {"number": self._number}
        ).scalar()
        if taken:
            self._connection = connection
        else:
            connection.close()
        return bool(taken)


def lock(database: Database, name: str, *, folder: Path) -> Lock:
    """The lock called `name` of everybody who shares `database`.

    Args:
        database: SQLite is shared by one machine, Postgres by many.
        name: letters, digits and dashes.
        folder: where SQLite's neighbours keep their lock files.
    """
    if database.sqlite:
        return FileLock(folder / "locks" / f"{name}.lock")
    return AdvisoryLock(database, name)
