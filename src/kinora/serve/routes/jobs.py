"""Jobs as they really are. In: what an owner wants of one. Out: its true state, never softened."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection, func, select, update

from kinora.core.errors import BusyError
from kinora.serve.errors import ApiError, missing
from kinora.serve.foresight import Question, memory
from kinora.serve.jobs import rows
from kinora.serve.jobs.announce import record
from kinora.serve.jobs.table import ENDED, LIVE, videos
from kinora.serve.jobs.wish import Wish
from kinora.serve.routes.context import WRONG, Owner, Sent, TheDesk, accepts
from kinora.serve.sizes import frames_made, settle_size
from kinora.serve.wire import CreateVideo
from kinora.serve.wire import Sent as SentModel

router = APIRouter(prefix="/kinora/v1", tags=["jobs"], responses=WRONG)

Id = Annotated[str, Path(max_length=80)]
State = Literal["queued", "dispatched", "paused", "cancelling", "done", "failed", "cancelled"]
SAMPLES = 50


class Verified(BaseModel):
    """What came of a film that was watched: each window with how often it was dreamt and its entries.

    Args:
        tries: how often a window was dreamt at most.
        broken: promises that the film does not keep; None until it is delivered.
        windows: `{start, end, tries, entries: [{start, end, name, wanted, found}]}`.
    """

    tries: int
    broken: int | None = None
    windows: list[dict[str, Any]] = []


class JobObject(BaseModel):
    """A job: `ahead` jobs are done before it, as things stand."""

    id: str
    state: State
    want: Literal["run", "pause", "cancel", "delete"]
    kind: str
    priority: int
    ahead: int | None = None
    attempts: int
    worker: str | None = None
    stage: str | None = None
    done: int
    total: int
    progress: int
    eta: float | None = None
    prompt: str
    expansion: str | None = None
    seed: int
    notes: list[str]
    error_code: str | None = None
    error_message: str | None = None
    created_at: float
    started_at: float | None = None
    completed_at: float | None = None
    expires_at: float | None = None
    sha256: str | None = None
    frames_sha256: str | None = None
    verify: Verified | None = None


class JobList(BaseModel):
    """Jobs in the order in which their turn comes, or came."""

    data: list[JobObject]


class Reorder(SentModel):
    """PATCH of a job: another priority, or a place right before another job."""

    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    before: Annotated[str, Field(max_length=80)] | None = None


class Estimate(BaseModel):
    """What a film will take here: `seconds` of work after `ahead` other jobs, `memory` bytes of a worker."""

    seconds: float | None
    memory: int | None
    samples: int
    ahead: int
    frames: int
    width: int
    height: int
    notes: list[str]


@router.get("/jobs")
def list_jobs(
    owner: Owner,
    desk: TheDesk,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> JobList:
    """Live jobs in their order, or those of one state."""
    states = (state,) if state else LIVE
    wanted = select(videos).where(
        videos.c.owner == owner, videos.c.state.in_(states), videos.c.want != "delete"
    )
    order = (videos.c.priority.desc(), videos.c.rank, videos.c.seq)
    with desk.database.read() as connection:
        found = connection.execute(wanted.order_by(*order).limit(limit)).all()
    return JobList(data=[job_object(row) for row in found])


@router.get("/jobs/{video_id}")
def get_job(owner: Owner, desk: TheDesk, video_id: Id) -> JobObject:
    """One job."""
    row = desk.find(owner, video_id)
    with desk.database.read() as connection:
        return job_object(row, ahead=_ahead(connection, row))


@router.post("/jobs/{video_id}/cancel", status_code=202)
def cancel(owner: Owner, desk: TheDesk, video_id: Id) -> JobObject:
    """Stop it for good; work at hand ends within one step, tile or frame."""
    with desk.database.write() as connection:
        row = _own(connection, owner, video_id)
        if row.state in ("done", "failed"):
            raise ApiError(409, f"The job has {row.state} already", code="job_ended")
        return job_object(_want(connection, row, "cancel"))


@router.post("/jobs/{video_id}/pause", status_code=202)
def pause(owner: Owner, desk: TheDesk, video_id: Id) -> JobObject:
    """Stop it for now; what is done so far is kept."""
    with desk.database.write() as connection:
        row = _own(connection, owner, video_id)
        if row.state in ENDED:
            raise ApiError(409, f"The job is {row.state} already", code="job_ended")
        return job_object(_want(connection, row, "pause"))


@router.post("/jobs/{video_id}/resume", status_code=202)
def resume(owner: Owner, desk: TheDesk, video_id: Id) -> JobObject:
    """Go on with a paused job."""
    with desk.database.write() as connection:
        row = _own(connection, owner, video_id)
        if row.want != "pause":
            raise ApiError(409, "The job is not paused", code="job_not_paused")
        values: dict[str, Any] = {"want": "run"}
        if row.state == "paused":
            values |= {"state": "queued", "hold_until": 0.0}
        return job_object(_change(connection, row, "resumed", values))


@router.post("/jobs/{video_id}/retry", status_code=202)
def retry(owner: Owner, desk: TheDesk, video_id: Id) -> JobObject:
    """Try a failed or cancelled job again; it goes on from what it left behind."""
    with desk.database.write() as connection:
        row = _own(connection, owner, video_id)
        if row.state not in ("failed", "cancelled"):
            raise ApiError(409, "Only failed and cancelled jobs are retried", code="job_not_failed")
        values = {
            "state": "queued", "want": "run", "attempts": 0, "hold_until": 0.0, "progress": 0,
            "error_code": None, "error_message": None, "completed_at": None, "expires_at": None,
        }  # fmt: skip
        return job_object(_change(connection, row, "retried", values))


@router.patch("/jobs/{video_id}", openapi_extra=accepts("Reorder"))
def reorder(owner: Owner, desk: TheDesk, video_id: Id, body: Sent) -> JobObject:
    """Move it in the queue."""
    sent = body.read(Reorder)
    with desk.database.write() as connection:
        row = _own(connection, owner, video_id)
        values: dict[str, Any] = {}
        if sent.priority is not None:
            values["priority"] = sent.priority
        if sent.before is not None:
            other = _own(connection, owner, sent.before)
            values |= {"priority": other.priority, "rank": _rank_before(connection, other)}
        return job_object(_change(connection, row, "moved", values) if values else row)


@router.post("/estimate", openapi_extra=accepts("CreateVideo"))
def estimate(owner: Owner, desk: TheDesk, body: Sent) -> Estimate:
    """How long a film would take, by the films made here before (null before the first), and its memory."""
    sent = body.read(CreateVideo)
    height, width = desk.card.height, desk.card.width
    if sent.size:
        width, height = (int(side) for side in sent.size.split("x"))
    size = settle_size(desk.card, height=height, width=width, max_pixels=desk.settings.max_pixels)
    frames = frames_made(desk.card.stride, seconds=sent.seconds, fps=desk.card.fps)
    work = frames * size.made_height * size.made_width * (sent.steps or 1)
    with desk.database.read() as connection:
        costs = _costs(connection, desk.card.fps, by_steps=sent.steps is not None)
        waiting = select(func.count()).where(videos.c.state.in_(("queued", "dispatched")))
        ahead = int(connection.execute(waiting).scalar_one())
    high, wide = size.made_height, size.made_width
    needed, why = _memory(
        Question(
            model=desk.settings.model, frames=frames, height=high, width=wide, steps=sent.steps
        )
    )
    notes = [*size.notes, *why]
    return Estimate(
        seconds=round(work * sum(costs) / len(costs), 2) if costs else None,
        memory=needed,
        samples=len(costs),
        ahead=ahead,
        frames=frames,
        width=size.width,
        height=size.height,
        notes=notes,
    )


def _memory(question: Question) -> tuple[int | None, list[str]]:
    """Bytes, and why there are none."""
    try:
        needed = memory(question)
    except BusyError as error:
        return None, [error.what]
    return needed, [] if needed else ["how much memory this model needs cannot be told beforehand"]


def job_object(row: rows.Video, *, ahead: int | None = None) -> JobObject:
    """A row as it is."""
    wish = Wish.model_validate(row.wish)
    same = {name: getattr(row, name) for name in JobObject.model_fields if name in row._fields}
    artefact = row.artefact or {}
    return JobObject(
        **same,
        kind=wish.kind,
        prompt=wish.prompt,
        expansion=wish.expansion,
        seed=wish.seed,
        ahead=ahead,
        sha256=artefact.get("sha256"),
        frames_sha256=artefact.get("frames_sha256"),
        verify=_verified(wish.tries, artefact.get("ledger")) if wish.tries else None,
    )


def _verified(tries: int, ledger: dict[str, Any] | None) -> Verified:
    if ledger is None:
        return Verified(tries=tries)
    entries = [entry for window in ledger["windows"] for entry in window["entries"]]
    broken = sum(entry["wanted"] != entry["found"] for entry in entries)
    return Verified(tries=tries, broken=broken, windows=ledger["windows"])


def _own(connection: Connection, owner: str, video: str) -> rows.Video:
    row = rows.find(connection, video)
    if row is None or row.owner != owner or row.want == "delete":
        raise missing("job", video)
    return row


def _want(connection: Connection, row: rows.Video, want: str) -> rows.Video:
    """Write the wish first; where nobody is at work it takes effect at once."""
    if row.state in ENDED:
        return row
    row = _change(connection, row, f"{want} wanted", {"want": want})
    rows.stop_queued(connection, row)
    return _again(connection, row)


def _change(
    connection: Connection, row: rows.Video, event: str, values: dict[str, Any]
) -> rows.Video:
    connection.execute(update(videos).where(videos.c.id == row.id).values(values))
    record(connection, row.id, event)
    return _again(connection, row)


def _again(connection: Connection, row: rows.Video) -> rows.Video:
    found = rows.find(connection, row.id)
    assert found is not None
    return found


def _ahead(connection: Connection, row: rows.Video) -> int | None:
    if row.state != "queued":
        return None
    before = (videos.c.priority > row.priority) | (
        (videos.c.priority == row.priority) & (videos.c.rank < row.rank)
    )
    count = select(func.count()).where(videos.c.state == "queued", before)
    return int(connection.execute(count).scalar_one())


def _rank_before(connection: Connection, other: rows.Video) -> float:
    """A rank between `other` and whoever stands before it."""
    lower = connection.execute(
        select(func.max(videos.c.rank)).where(
            videos.c.state == "queued",
            videos.c.priority == other.priority,
            videos.c.rank < other.rank,
        )
    ).scalar_one()
    return float(other.rank - 1.0 if lower is None else (lower + other.rank) / 2)


def _costs(connection: Connection, fps: float, *, by_steps: bool) -> list[float]:
    """Seconds of work per pixel, of the latest films."""
    latest = (
        select(videos.c.wish, videos.c.started_at, videos.c.completed_at)
        .where(videos.c.state == "done", videos.c.completed_at > time.time() - 30 * 86_400)
        .order_by(videos.c.completed_at.desc())
        .limit(SAMPLES)
    )
    costs = []
    for row in connection.execute(latest):
        wish = Wish.model_validate(row.wish)
        if by_steps and wish.steps is None:
            continue
        work = wish.seconds * fps * wish.made_height * wish.made_width
        work *= (wish.steps or 1) if by_steps else 1
        costs.append((row.completed_at - row.started_at) / work)
    return costs
