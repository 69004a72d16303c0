"""Whose turn it is, on the real engine's tables: priorities across owners, limits for each, pauses."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from kinora.serve.desk import insert_row
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.engine import Orders, prepare
from kinora.serve.jobs.pump import pump
from kinora.serve.jobs.table import videos, workers
from kinora.serve.jobs.wish import Card, Wish
from kinora.serve.routes.videos import poll_after
from kinora.serve.turns import Turns

WISH = Wish(
    cards=(Card(prompt="a red ball"),), seconds=1, seed=1,
    height=64, width=96, made_height=64, made_width=96,
)  # fmt: skip
SLOTS = 4


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'rows.sqlite'}")
    made.create()
    prepare(made.url)
    hand: dict[str, Any] = {"id": "w", "host": "h", "pid": 1, "model": "m", "slots": SLOTS}
    with made.write() as connection:
        connection.execute(insert(workers).values(**hand, seen_at=time.time()))
    yield made
    made.close()


@pytest.fixture
def orders(database: Database) -> Iterator[Orders]:
    made = Orders(database.url)
    yield made
    made.close()


def queue(database: Database, name: str, *, owner: str = "a", priority: int = 0) -> None:
    row = {"id": name, "owner": owner, "wish": WISH.model_dump(mode="json"), "model": "m"}
    with database.write() as connection:
        insert_row(connection, {**row, "notes": [], "priority": priority})


def dispatched(database: Database) -> set[str]:
    with database.read() as connection:
        found = select(videos.c.id).where(videos.c.state == "dispatched")
        return set(connection.execute(found).scalars())


def test_higher_priority_first_and_no_more_than_can_begin(
    database: Database, orders: Orders
) -> None:
    for number in range(8):
        queue(database, f"video_{number}", owner="ab"[number % 2], priority=number)
    assert pump(database, orders, max_running=0) == SLOTS + 1
    assert dispatched(database) == {f"video_{number}" for number in range(3, 8)}
    states = orders.states((f"video_{number}", 1) for number in range(8))
    assert set(states.values()) == {"ENQUEUED"}
    assert len(states) == SLOTS + 1
    assert pump(database, orders, max_running=0) == 0


def test_one_owner_cannot_take_every_worker(database: Database, orders: Orders) -> None:
    for number in range(6):
        queue(database, f"video_greedy_{number}", owner="a", priority=9)
    queue(database, "video_modest", owner="b")
    pump(database, orders, max_running=2)
    assert dispatched(database) == {"video_greedy_0", "video_greedy_1", "video_modest"}


def test_who_pauses_or_waits_is_passed_by(database: Database, orders: Orders) -> None:
    for name in ("video_paused", "video_held", "video_ready"):
        queue(database, name)
    with database.write() as connection:
        paused = videos.c.id == "video_paused"
        connection.execute(update(videos).where(paused).values(want="pause"))
        held = update(videos).where(videos.c.id == "video_held")
        connection.execute(held.values(hold_until=time.time() + 600))
    pump(database, orders, max_running=0)
    assert dispatched(database) == {"video_ready"}


@pytest.mark.parametrize(("waited", "asked"), [(0, 1000), (60, 6000), (3600, 10_000)])
def test_who_waits_long_is_asked_to_poll_less(waited: int, asked: int, database: Database) -> None:
    """A tenth of the wait so far, between one second and ten."""
    queue(database, "video_waiting")
    with database.write() as connection:
        connection.execute(update(videos).values(created_at=time.time() - waited))
        row = connection.execute(select(videos)).one()
    assert poll_after(row, wait=None) == pytest.approx(asked, rel=0.02)


def test_who_stands_far_behind_is_asked_to_poll_less(database: Database) -> None:
    """A quarter of the wait, by the place in the queue and what the latest films took."""
    queue(database, "video_made")
    with database.write() as connection:
        ended = {"state": "done", "started_at": 100.0, "completed_at": 108.0}
        connection.execute(update(videos).values(ended))
    for number in range(30):
        queue(database, f"video_{number}")
    queue(database, "video_urgent", priority=5)
    turns = Turns(database)
    with database.read() as connection:
        found = {row.id: row for row in connection.execute(select(videos))}
    # Four slots, eight seconds a film: one every two seconds.
    waits = {name: turns.wait(found[f"video_{name}"]) for name in ("urgent", "0", "29", "made")}
    assert waits == {"urgent": 0.0, "0": 2.0, "29": 60.0, "made": None}
    assert poll_after(found["video_urgent"], wait=waits["urgent"]) == 1000
    assert poll_after(found["video_29"], wait=waits["29"]) == 10_000


def test_nobody_knows_how_long_before_the_first_film(database: Database) -> None:
    queue(database, "video_first")
    with database.read() as connection:
        assert Turns(database).wait(connection.execute(select(videos)).one()) is None


def test_who_is_worked_on_is_asked_after_a_quarter_of_what_is_left(database: Database) -> None:
    queue(database, "video_dreamt")
    with database.write() as connection:
        old = time.time() - 3600
        connection.execute(update(videos).values(state="dispatched", created_at=old, eta=8.0))
        row = connection.execute(select(videos)).one()
    assert poll_after(row, wait=None) == 2000
