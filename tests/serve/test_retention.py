"""What is kept no longer: files and batches go when films would, and what still has a job stays."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from kinora.serve.desk import insert_row
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.retention import retain_batches
from kinora.serve.jobs.table import batches, files
from kinora.serve.jobs.wish import Card, Wish
from kinora.serve.store import LocalStore

DAY = 24 * 3600.0
WISH = Wish(
    cards=(Card(prompt="a red ball"),), seconds=1, seed=1,
    height=64, width=96, made_height=64, made_width=96,
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'rows.sqlite'}")
    made.create()
    yield made
    made.close()


def names(database: Database, table: Table) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(table.c.id)).scalars())


def fill(database: Database, store: LocalStore, scratch: Path) -> None:
    """An old and a new file; a batch of each age, and an old one that still has a job."""
    now = time.time()
    ages = {"old": now - 2 * DAY, "new": now, "busy": now - 2 * DAY}
    with database.write() as connection:
        for name, at in ages.items():
            common: dict[str, Any] = {"owner": "local", "created_at": at}
            if name != "busy":
                store.put_bytes(f"files/file_{name}", b"{}", scratch=scratch)
                row = {"name": "b.jsonl", "purpose": "batch", "bytes": 2}
                connection.execute(insert(files).values(id=f"file_{name}", **row, **common))
            batch = {"id": f"batch_{name}", "file": f"file_{name}", "lines": []}
            connection.execute(insert(batches).values(**batch, **common))
        row = {"id": "video_1", "owner": "local", "wish": WISH.model_dump(mode="json")}
        insert_row(connection, {**row, "model": "m", "notes": [], "batch": "batch_busy"})


def test_old_files_and_batches_go_together(database: Database, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    fill(database, store, tmp_path / "scratch")
    assert retain_batches(database, store, keep_seconds=0) == 0, "nothing expires"
    assert retain_batches(database, store, keep_seconds=DAY) == 1
    assert names(database, files) == {"file_new"}
    assert store.names("files") == {"file_new"}
    assert names(database, batches) == {"batch_new", "batch_busy"}
