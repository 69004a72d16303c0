"""Many films at once, as the Batch API has them. In: the lines of a file. Out: jobs, and lines again.

Each line is a job of its own, taken in one transaction with all others; the state of a batch and its
output are read from those jobs whenever somebody asks, so there is nothing that could be lost.
"""

import json
import time
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Connection, Table, func, insert, select, update

from kinora.serve.desk import Desk, insert_row
from kinora.serve.errors import ApiError, missing
from kinora.serve.jobs import rows
from kinora.serve.jobs.table import ENDED, batches, files, videos
from kinora.serve.routes.context import WRONG, Owner, Sent, TheDesk, accepts
from kinora.serve.wire import CreateVideo, video_object
from kinora.serve.wire import Sent as SentModel
from kinora.serve.wishes import creation

router = APIRouter(tags=["batches"], responses=WRONG)

MOST_LINES = 10_000
LATER = -10
"""Batches give way to whoever waits at a screen."""

OUTPUT = "file_out_"
Id = Annotated[str, Path(max_length=80)]


class CreateBatch(SentModel):
    """POST /v1/batches."""

    input_file_id: Annotated[str, Field(max_length=80)]
    endpoint: Literal["/v1/videos"]
    completion_window: Annotated[str, Field(max_length=16)] = "24h"
    metadata: dict[str, Annotated[str, Field(max_length=512)]] | None = None


class Counts(BaseModel):
    """How many lines there are, and what became of them."""

    total: int
    completed: int
    failed: int


class BatchObject(BaseModel):
    """A batch."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: Literal["/v1/videos"] = "/v1/videos"
    input_file_id: str
    completion_window: str = "24h"
    status: Literal["in_progress", "cancelling", "cancelled", "completed"]
    output_file_id: str | None = None
    created_at: int
    cancelled_at: int | None = None
    request_counts: Counts
    metadata: dict[str, str] | None = None


class BatchList(BaseModel):
    """A page of batches."""

    object: Literal["list"] = "list"
    data: list[BatchObject]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False


class Line(SentModel):
    """One line of a batch's file."""

    custom_id: Annotated[str, Field(min_length=1, max_length=255)]
    method: Literal["POST"] = "POST"
    url: Literal["/v1/videos"]
    body: dict[str, Any]


@router.post("/v1/batches", openapi_extra=accepts("CreateBatch"))
def create_batch(owner: Owner, desk: TheDesk, body: Sent) -> BatchObject:
    """Take every line as a job, or none: the first wrong line is named."""
    sent = body.read(CreateBatch)
    data = desk.store.read_bytes(f"files/{file_of(desk, owner, sent.input_file_id).id}")
    lines = [(line, _video(line, at)) for at, line in enumerate(_lines(data), start=1)]
    desk.check_room(owner, jobs=len(lines))
    batch = f"batch_{uuid.uuid4().hex}"
    jobs = [_job(desk, owner, wanted, batch=batch) for _, wanted in lines]
    row = {
        "id": batch, "owner": owner, "file": sent.input_file_id, "metadata": sent.metadata,
        "lines": [[line.custom_id, job["id"]] for (line, _), job in zip(lines, jobs, strict=True)],
        "created_at": time.time(),
    }  # fmt: skip
    with desk.database.write() as connection:
        connection.execute(insert(batches).values(row))
        for job in jobs:
            insert_row(connection, job)
    return _batch_object(desk, batch_of(desk, owner, batch))


@router.get("/v1/batches")
def list_batches(
    owner: Owner,
    desk: TheDesk,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> BatchList:
    """A page of batches, the newest first."""
    last = batch_of(desk, owner, after) if after else None
    found = newest(desk, batches, owner, after=last, limit=limit + 1)
    data = [_batch_object(desk, row) for row in found[:limit]]
    return BatchList(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=len(found) > limit,
    )


@router.get("/v1/batches/{batch_id}")
def get_batch(owner: Owner, desk: TheDesk, batch_id: Id) -> BatchObject:
    """How far a batch is."""
    return _batch_object(desk, batch_of(desk, owner, batch_id))


@router.post("/v1/batches/{batch_id}/cancel")
def cancel_batch(owner: Owner, desk: TheDesk, batch_id: Id) -> BatchObject:
    """Cancel every job of it that has not ended; 409 if there is none."""
    batch = batch_of(desk, owner, batch_id)
    with desk.database.write() as connection:
        mine = (videos.c.batch == batch_id) & videos.c.state.not_in(ENDED)
        live = connection.execute(select(func.count()).where(mine)).scalar_one()
        if not live and batch.cancelled_at is None:
            message = f"Batch '{batch_id[:80]}' is over"
            raise ApiError(409, message, code="batch_over", param="id")
        connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.cancelled_at.is_(None))
            .values(cancelled_at=time.time())
        )
        _cancel_jobs(connection, batch_id)
    return _batch_object(desk, batch_of(desk, owner, batch_id))


def _cancel_jobs(connection: Connection, batch: str) -> None:
    live = (videos.c.batch == batch) & videos.c.state.not_in(ENDED) & (videos.c.want != "delete")
    connection.execute(update(videos).where(live).values(want="cancel"))
    for row in connection.execute(select(videos).where(live)).all():
        rows.stop_queued(connection, row)


def _lines(data: bytes) -> list[Line]:
    found = []
    for at, text in enumerate(filter(bytes.strip, data.splitlines()), start=1):
        if at > MOST_LINES:
            raise ApiError(400, f"A batch has at most {MOST_LINES} lines", code="too_many_lines")
        try:
            found.append(Line.model_validate_json(text))
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise ApiError(400, f"Line {at}: {why}", code="invalid_line", param="file") from error
    if not found:
        raise ApiError(400, "The file holds no lines", code="empty_file", param="file")
    return found


def _video(line: Line, at: int) -> CreateVideo:
    try:
        return CreateVideo.model_validate(line.body)
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise ApiError(400, f"Line {at}: {why}", code="invalid_line", param="file") from error


def _job(desk: Desk, owner: str, wanted: CreateVideo, *, batch: str) -> dict[str, Any]:
    video = f"video_{uuid.uuid4().hex}"
    wish, notes = creation(desk, owner, wanted, {}, video=video)
    desk.check_wish(wish)
    return {
        "id": video, "owner": owner, "batch": batch, "wish": wish.model_dump(mode="json"),
        "model": desk.card.name, "notes": notes, "priority": wanted.priority + LATER,
    }  # fmt: skip


def file_of(desk: Desk, owner: str, name: str) -> Any:
    """The row of the owner's file; `ApiError` 404 for any other id."""
    with desk.database.read() as connection:
        row = connection.execute(
            select(files).where(files.c.id == name, files.c.owner == owner)
        ).one_or_none()
    if row is None:
        raise missing("file", name)
    return row


def batch_of(desk: Desk, owner: str, name: str) -> Any:
    """The row of the owner's batch; `ApiError` 404 for any other id."""
    with desk.database.read() as connection:
        row = connection.execute(
            select(batches).where(batches.c.id == name, batches.c.owner == owner)
        ).one_or_none()
    if row is None:
        raise missing("batch", name)
    return row


def newest(desk: Desk, table: Table, owner: str, *, after: Any, limit: int) -> Sequence[Any]:
    """The owner's rows of a table by their age, those behind the row `after` if there is one."""
    wanted = select(table).where(table.c.owner == owner)
    if after is not None:
        same = (table.c.created_at == after.created_at) & (table.c.id < after.id)
        wanted = wanted.where((table.c.created_at < after.created_at) | same)
    by = (table.c.created_at.desc(), table.c.id.desc())
    with desk.database.read() as connection:
        return connection.execute(wanted.order_by(*by).limit(limit)).all()


def _jobs(desk: Desk, batch: Any) -> dict[str, rows.Video]:
    with desk.database.read() as connection:
        found = connection.execute(select(videos).where(videos.c.batch == batch.id)).all()
    return {row.id: row for row in found}


def output_of(desk: Desk, batch: Any) -> str:
    """One line for each job that has ended, in the order of the input."""
    jobs = _jobs(desk, batch)
    lines = []
    for custom, video in batch.lines:
        row = jobs.get(video)
        if row is not None and row.state in ENDED:
            told = {"status_code": 200, "body": video_object(row).model_dump()}
            lines.append(json.dumps({"custom_id": custom, "response": told, "error": None}))
    return "".join(f"{line}\n" for line in lines)


def _batch_object(desk: Desk, batch: Any) -> BatchObject:
    states = [row.state for row in _jobs(desk, batch).values()]
    live = sum(state not in ENDED for state in states)
    status: Literal["in_progress", "cancelling", "cancelled", "completed"] = "completed"
    if batch.cancelled_at:
        status = "cancelling" if live else "cancelled"
    elif live:
        status = "in_progress"
    return BatchObject(
        id=batch.id,
        input_file_id=batch.file,
        status=status,
        output_file_id=None if live else f"{OUTPUT}{batch.id}",
        created_at=int(batch.created_at),
        cancelled_at=int(batch.cancelled_at) if batch.cancelled_at else None,
        request_counts=Counts(
            total=len(batch.lines),
            completed=states.count("done"),
            failed=states.count("failed") + states.count("cancelled"),
        ),
        metadata=batch.metadata,
    )
