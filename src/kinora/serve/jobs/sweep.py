"""What nobody owns. In: the store, the rows, the scratch folder. Out: leftovers of killed processes, gone.

A file is stored before the row that names it is committed, so a kill in between leaves a file without a
row. Such a file is nobody's only if it still is after an hour: until then its row may be on the way.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Table, select

from kinora.serve.jobs.database import Database
from kinora.serve.jobs.table import characters, files, videos
from kinora.serve.store import Store

GRACE_SECONDS = 3600.0
OWNERS: dict[str, Table] = {"videos": videos, "characters": characters, "files": files}
"""Folders of the store, and whose rows name what lies in them."""


class Sweep:
    """Looks now and then, and removes what has been nobody's for long.

    Args:
        database: of the rows.
        store: of the files; a store belongs to one database.
        scratch: where uploads of this machine lie while they are decoded.
        seconds: how long something may be nobody's.
    """

    def __init__(
        self, database: Database, store: Store, *, scratch: Path, seconds: float = GRACE_SECONDS
    ) -> None:
        self._database, self._store = database, store
        self._scratch, self._seconds = scratch, seconds
        self._seen: dict[str, float] = {}

    def __call__(self) -> list[str]:
        """Look once; returns what was removed."""
        now = time.monotonic()
        orphans = set(self._orphans())
        self._seen = {name: self._seen.get(name, now) for name in orphans}
        gone = [name for name, first in self._seen.items() if now - first >= self._seconds]
        for name in gone:
            self._store.delete(name)
            del self._seen[name]
        return [*gone, *self._parts()]

    def _orphans(self) -> Iterator[str]:
        for kind, table in OWNERS.items():
            # What lies there is listed before the rows are read: what comes later is not looked at.
            names = self._store.names(kind)
            if not names:
                continue
            with self._database.read() as connection:
                owned = set(connection.execute(select(table.c.id)).scalars())
            for name in names - owned:
                # A finished film is never thrown away here, whoever mislaid its row.
                film = f"{kind}/{name}/film.mp4"
                if table is not videos or self._store.size(film) is None:
                    yield f"{kind}/{name}"

    def _parts(self) -> Iterator[str]:
        """Uploads that a killed process was decoding."""
        oldest = time.time() - self._seconds
        for part in self._scratch.glob("*"):
            try:
                if part.is_file() and part.stat().st_mtime <= oldest:
                    part.unlink()
                    yield part.name
            except FileNotFoundError:
                continue
