"""What a killed process leaves in the store is removed, and nothing that has an owner or is a film."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import insert

from kinora.serve.jobs.database import Database
from kinora.serve.jobs.sweep import Sweep
from kinora.serve.jobs.table import characters
from kinora.serve.store import LocalStore, RemoteStore, Store

OWNED, LOST = "characters/char_owned", "characters/char_lost"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'rows.sqlite'}")
    made.create()
    row = {"id": "char_owned", "owner": "local", "name": "Rolly", "created_at": 0.0}
    with made.write() as connection:
        connection.execute(insert(characters).values(row))
    return made


@pytest.mark.parametrize("remote", [False, True])
def test_orphans_go_and_owned_files_stay(remote: bool, database: Database, tmp_path: Path) -> None:
    root = tmp_path / "store"
    store: Store = RemoteStore(f"file://{root}") if remote else LocalStore(root)
    scratch = tmp_path / "uploads"
    kept = (f"{OWNED}/frames.npy", "videos/video_old/film.mp4")
    for key in (*kept, f"{LOST}/frames.npy", "videos/video_lost/source-0.npy", "files/file_lost"):
        store.put_bytes(key, b"12345", scratch=tmp_path / "scratch")
    patient = Sweep(database, store, scratch=scratch)
    assert patient() == patient() == [], "a row may still be on its way"
    gone = set(Sweep(database, store, scratch=scratch, seconds=0.0)())
    assert gone == {LOST, "videos/video_lost", "files/file_lost"}
    assert all(store.size(key) == 5 for key in kept)
    assert store.names("videos") == {"video_old"}
    assert store.names("nothing") == set()
    database.close()


def test_uploads_of_a_killed_process_go(database: Database, tmp_path: Path) -> None:
    scratch = tmp_path / "uploads"
    scratch.mkdir()
    for name in ("old-upload", "new-upload"):
        (scratch / name).write_bytes(b"x")
    past = time.time() - 7200
    os.utime(scratch / "old-upload", (past, past))
    sweep = Sweep(database, LocalStore(tmp_path / "store"), scratch=scratch)
    assert sweep() == ["old-upload"]
    assert [path.name for path in scratch.iterdir()] == ["new-upload"]
    database.close()
