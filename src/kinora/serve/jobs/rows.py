"""The life of a row of `videos`. In: a transaction. Out: a change of state that happens once or not.

queued -> dispatched -> done | failed; pause and cancel are wanted first and take effect at the next step.
Every change from inside a job names its generation, so a worker that woke up late changes nothing.
"""

import time
from typing import Any

from sqlalchemy import Connection, Row, Update, case, select, update

from kinora.serve.jobs.announce import COMPLETED, FAILED, announce, hide, record
from kinora.serve.jobs.table import videos

Video = Row[Any]

STOPPED = {"pause": "paused", "cancel": "cancelled", "delete": "cancelled"}
CANCELLED = "cancelled"


def find(connection: Connection, video: str) -> Video | None:
    """The row, whoever owns it."""
    return connection.execute(select(videos).where(videos.c.id == video)).one_or_none()


def _held(video: str, generation: int) -> Update:
    """The change of a dispatched row by the one who works on this generation of it."""
    return update(videos).where(
        videos.c.id == video, videos.c.generation == generation, videos.c.state == "dispatched"
    )


def begin(
    connection: Connection, video: str, generation: int, *, worker: str, limit: int
) -> Video | None:
    """Take up the work.

    Args:
        connection: a write transaction.
        video: which.
        generation: of the order that was given.
        worker: who takes it up.
        limit: how often it may be taken up without getting any further.

    Returns:
        The row, or None if there is nothing to do: it was stopped, done, or given up.
    """
    row = connection.execute(
        select(videos).where(videos.c.id == video).with_for_update()
    ).one_or_none()
    if row is None or row.generation != generation or row.state != "dispatched":
        return None
    if row.want != "run":
        stop(connection, video, generation)
        return None
    if row.attempts >= limit:
        message = f"its worker died {row.attempts} times at the same spot ({row.stage or 'start'})"
        fail(connection, video, generation, code="poisoned", message=message)
        return None
    now = time.time()
    connection.execute(
        _held(video, generation).values(
            attempts=row.attempts + 1, worker=worker, started_at=row.started_at or now
        )
    )
    record(connection, video, "begun", worker=worker, attempt=row.attempts + 1)
    return row


def advance(connection: Connection, video: str, generation: int, **columns: Any) -> bool:
    """Tell how far the work is; False if it is no longer ours."""
    found = connection.execute(_held(video, generation).values(**columns))
    return found.rowcount == 1


def kept(connection: Connection, video: str, generation: int) -> None:
    """Something was stored that a successor goes on from: the count of attempts begins anew."""
    connection.execute(_held(video, generation).values(attempts=0))


def note(connection: Connection, video: str, generation: int, notes: list[str]) -> None:
    """Say what was found on the way, each sentence once."""
    row = find(connection, video)
    if row is not None:
        said = [*row.notes, *(each for each in notes if each not in row.notes)]
        connection.execute(_held(video, generation).values(notes=said))


def finish(
    connection: Connection,
    video: str,
    generation: int,
    *,
    artefact: dict[str, Any],
    keep_seconds: float,
) -> bool:
    """Deliver. False if somebody else did, or stopped it in the meantime; a repeat is harmless."""
    now = time.time()
    changed = connection.execute(
        _held(video, generation)
        .where(videos.c.want == "run")
        .values(
            state="done",
            progress=100,
            eta=0.0,
            artefact=artefact,
            completed_at=now,
            expires_at=now + keep_seconds if keep_seconds else None,
        )
    )
    if changed.rowcount != 1:
        return False
    _tell(connection, video, COMPLETED, "completed")
    return True


def fail(connection: Connection, video: str, generation: int, *, code: str, message: str) -> bool:
    """Give up, with the reason."""
    changed = connection.execute(
        _held(video, generation).values(
            state="failed", error_code=code, error_message=message, completed_at=time.time()
        )
    )
    if changed.rowcount != 1:
        return False
    _tell(connection, video, FAILED, "failed", code=code, message=message)
    return True


def put_back(
    connection: Connection, video: str, generation: int, *, seconds: float, reason: str
) -> bool:
    """Queue it again, because something outside of it is broken; it keeps its turn."""
    changed = connection.execute(
        _held(video, generation).values(
            state="queued",
            generation=generation + 1,
            # What is broken outside is no fault of the job: this attempt does not count.
            attempts=case((videos.c.attempts > 0, videos.c.attempts - 1), else_=0),
            hold_until=time.time() + seconds,
            worker=None,
            eta=None,
        )
    )
    if changed.rowcount != 1:
        return False
    record(connection, video, "waiting", reason=reason, seconds=seconds)
    return True


def stop(connection: Connection, video: str, generation: int) -> bool:
    """Let a pause or cancel that was wanted take effect on a dispatched row."""
    row = find(connection, video)
    if row is None or row.want not in STOPPED:
        return False
    return _stop(connection, row, _held(video, generation))


def stop_queued(connection: Connection, row: Video) -> bool:
    """Let it take effect at once on a row that nobody works on."""
    idle = update(videos).where(videos.c.id == row.id, videos.c.state.in_(("queued", "paused")))
    return _stop(connection, row, idle)


def _stop(connection: Connection, row: Video, change: Update) -> bool:
    state = STOPPED[row.want]
    values: dict[str, Any] = {"state": state, "worker": None, "eta": None, "attempts": 0}
    if state == CANCELLED:
        values |= {
            "error_code": CANCELLED,
            "error_message": "The job was cancelled",
            "completed_at": time.time(),
        }
    if connection.execute(change.values(**values)).rowcount != 1:
        return False
    if state == CANCELLED and row.want != "delete":
        _tell(connection, row.id, FAILED, CANCELLED)
    else:
        record(connection, row.id, state)
    hide(connection, row.id)
    return True


def _tell(connection: Connection, video: str, webhook: str, event: str, **data: Any) -> None:
    hide(connection, video)
    record(connection, video, event, **data)
    owner = connection.execute(select(videos.c.owner).where(videos.c.id == video)).scalar_one()
    announce(connection, owner=owner, video=video, kind=webhook)
