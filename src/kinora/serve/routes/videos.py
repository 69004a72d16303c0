"""The films of an owner: create, list, retrieve, delete, remix. In: requests. Out: Video objects."""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select, update

from kinora.serve.body import Body
from kinora.serve.desk import Desk, digest_of
from kinora.serve.errors import ApiError
from kinora.serve.jobs import rows
from kinora.serve.jobs.table import videos
from kinora.serve.jobs.wish import Wish
from kinora.serve.routes.context import WRONG, Idempotency, Owner, Sent, TheDesk, accepts
from kinora.serve.wire import (
    CreateVideo,
    Deleted,
    EditVideo,
    ExtendVideo,
    Extras,
    RemixVideo,
    VideoList,
    VideoObject,
    video_object,
)
from kinora.serve.wishes import Files, creation, extension, rework

router = APIRouter(tags=["videos"], responses=WRONG)

POLL_AFTER = "openai-poll-after-ms"
SHORTEST_MS, LONGEST_MS = 250, 10_000
Id = Annotated[str, Path(max_length=80)]


@router.post("/v1/videos", openapi_extra=accepts("CreateVideo", "input_reference"))
def create(
    owner: Owner, desk: TheDesk, body: Sent, response: Response, idempotency: Idempotency = None
) -> VideoObject:
    """Make a film from words, a first frame, keyframes, a storyboard, characters."""
    sent = body.read(CreateVideo)
    make = partial(_creation, desk, owner, sent, body.uploads)
    return take(desk, owner, sent, make, body=body, response=response, idempotency=idempotency)


def _creation(desk: Desk, owner: str, sent: CreateVideo, files: Files, video: str) -> Any:
    return creation(desk, owner, sent, files, video=video)


@router.get("/v1/videos")
def list_videos(
    owner: Owner,
    desk: TheDesk,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> VideoList:
    """A page of films, by the time they were asked for."""
    wanted = select(videos).where(videos.c.owner == owner, videos.c.want != "delete")
    if after is not None:
        seq = desk.find(owner, after).seq
        wanted = wanted.where(videos.c.seq < seq if order == "desc" else videos.c.seq > seq)
    by = videos.c.seq.desc() if order == "desc" else videos.c.seq
    with desk.database.read() as connection:
        found = connection.execute(wanted.order_by(by).limit(limit + 1)).all()
    data = [video_object(row) for row in found[:limit]]
    return VideoList(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=len(found) > limit,
    )


@router.post("/v1/videos/edits", openapi_extra=accepts("EditVideo", "video"))
def edit(
    owner: Owner, desk: TheDesk, body: Sent, response: Response, idempotency: Idempotency = None
) -> VideoObject:
    """Rework a film of ours by id, or an uploaded one."""
    sent = body.read(EditVideo)
    of = sent.video.id if sent.video else None

    def make(video: str) -> Any:
        return rework(desk, owner, sent, body.uploads, of=of, video=video)

    return take(
        desk, owner, sent, make, body=body, response=response, idempotency=idempotency, of=of
    )


@router.post("/v1/videos/extensions", openapi_extra=accepts("ExtendVideo", "video"))
def extend(
    owner: Owner, desk: TheDesk, body: Sent, response: Response, idempotency: Idempotency = None
) -> VideoObject:
    """Make a film longer; the answer's `seconds` is the stitched total."""
    sent = body.read(ExtendVideo)
    of = sent.video.id if sent.video else None

    def make(video: str) -> Any:
        return extension(desk, owner, sent, body.uploads, of=of, video=video)

    return take(
        desk, owner, sent, make, body=body, response=response, idempotency=idempotency, of=of
    )


@router.get("/v1/videos/{video_id}", response_model=VideoObject)
async def retrieve(owner: Owner, desk: TheDesk, video_id: Id) -> Response:
    """One film; a failed one is told with status 200, as pollers expect."""
    # What many clients ask every second: one way to another thread and back, and nothing checked twice.
    row, wait = await run_in_threadpool(_look, desk, owner, video_id)
    return Response(
        video_object(row).model_dump_json(),
        media_type="application/json",
        headers={POLL_AFTER: str(poll_after(row, wait=wait))},
    )


def _look(desk: Desk, owner: str, video: str) -> tuple[rows.Video, float | None]:
    row = desk.find(owner, video)
    return row, desk.turns.wait(row)


@router.delete("/v1/videos/{video_id}")
def delete(owner: Owner, desk: TheDesk, video_id: Id) -> Deleted:
    """Cancel it if it is being made; then its files and its row go."""
    with desk.database.write() as connection:
        changed = connection.execute(
            update(videos)
            .where(videos.c.id == video_id, videos.c.owner == owner, videos.c.want != "delete")
            .values(want="delete")
        )
        row = rows.find(connection, video_id)
        if changed.rowcount != 1 or row is None:
            raise ApiError(404, f"No video with id '{video_id}'", code="not_found", param="id")
        rows.stop_queued(connection, row)
    return Deleted(id=video_id, object="video.deleted")


@router.post("/v1/videos/{video_id}/remix", openapi_extra=accepts("RemixVideo"))
def remix(
    *,
    owner: Owner,
    desk: TheDesk,
    video_id: Id,
    body: Sent,
    response: Response,
    idempotency: Idempotency = None,
) -> VideoObject:
    """The same film with other words."""
    sent = body.read(RemixVideo)

    def make(video: str) -> Any:
        return rework(desk, owner, sent, {}, of=video_id, video=video)

    desk.finished(owner, video_id)
    return take(
        desk, owner, sent, make, body=body, response=response, idempotency=idempotency, of=video_id
    )


def poll_after(row: rows.Video, *, wait: float | None) -> int:
    """Milliseconds after which to ask again: a quarter of what is left of the work, or of the wait for it.

    Where nobody knows how long the wait is, a tenth of what it was so far: whoever has waited for an hour is
    not told a second sooner by asking every second.

    Args:
        row: the job.
        wait: seconds until its turn, if known.
    """
    if row.state == "dispatched":
        after = 250.0 * (row.eta or 1.0)
    else:
        after = 100.0 * (time.time() - row.created_at) if wait is None else 250.0 * wait
        after = max(1000.0, after)
    return int(min(LONGEST_MS, max(SHORTEST_MS, after)))


def take(
    desk: Desk,
    owner: str,
    sent: Extras,
    make: Callable[[str], tuple[Wish, list[str]]],
    *,
    body: Body,
    response: Response,
    idempotency: str | None,
    of: str | None = None,
) -> VideoObject:
    """Take one job, once for each idempotency key, and tell of it."""
    key, asked = idempotency or None, {"of": of, "as": type(sent).__name__}
    digest = digest_of({**body.fields, **asked}, body.uploads) if key else ""
    row = desk.take(owner, sent, make, idempotency=key, digest=digest, remixed_from=of)
    response.headers[POLL_AFTER] = str(poll_after(row, wait=desk.turns.wait(row)))
    return video_object(row)
