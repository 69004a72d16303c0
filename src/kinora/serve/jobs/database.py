"""One database, SQLite or Postgres. In: a URL. Out: transactions that mean the same on both."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from kinora.serve.jobs.table import metadata

WRITE = "kinora_write"
BUSY_MILLISECONDS = 15_000

QUIET_SECONDS = 5
PROBES = 3
GIVEN_UP_SECONDS = QUIET_SECONDS * (1 + PROBES)
"""How soon both ends of a connection notice that the other machine is gone. Left to themselves they wait
for hours, and for as long nobody could take over what a machine without power or network holds."""


class Database:
    """Connections to the tables.

    Args:
        url: `sqlite:///...` or `postgresql+psycopg://...`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.engine = _sqlite(url) if self.sqlite else _postgres(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only looks."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is kept as a whole or not at all."""
        with self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITE: True})
            with connection.begin():
                yield connection

    def create(self) -> None:
        """Make what tables are missing; several processes may do so at once."""
        for _ in range(10):
            try:
                metadata.create_all(self.engine)
            except (IntegrityError, OperationalError, ProgrammingError):
                # Another process made the same table between our look and our act.
                time.sleep(0.2)
            else:
                return
        metadata.create_all(self.engine)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def away(error: BaseException) -> bool:
    """Whether a database error means that the database cannot be reached or is busy."""
    return isinstance(error, OperationalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def _sqlite(url: str) -> Engine:
    file = make_url(url).database
    assert file, url
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The driver's own idea of when a transaction begins would read and write under two of them.
        connection.isolation_level = None
        for setting in (
            "journal_mode=WAL",
            f"busy_timeout={BUSY_MILLISECONDS}",
            "synchronous=FULL",
        ):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A reader that turns writer may be refused at once; a writer from the start waits its turn.
        writing = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgres(url: str) -> Engine:
    told = {
        "tcp_keepalives_idle": QUIET_SECONDS,
        "tcp_keepalives_interval": QUIET_SECONDS,
        "tcp_keepalives_count": PROBES,
        "tcp_user_timeout": GIVEN_UP_SECONDS * 1000,
    }
    ours = {
        "connect_timeout": 5,
        "keepalives_idle": QUIET_SECONDS,
        "keepalives_interval": QUIET_SECONDS,
        "keepalives_count": PROBES,
        "tcp_user_timeout": GIVEN_UP_SECONDS * 1000,
        "options": " ".join(f"-c {name}={value}" for name, value in told.items()),
    }
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30, connect_args=ours)
