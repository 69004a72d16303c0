"""What happens to a job, as it happens. In: an id, perhaps the last event seen. Out: server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import Row, select

from kinora.serve.desk import Desk
from kinora.serve.jobs.table import events, videos
from kinora.serve.routes.context import WRONG, Owner, TheDesk

router = APIRouter(prefix="/kinora/v1", tags=["jobs"], responses=WRONG)

LOOK_SECONDS, BEAT_SECONDS = 0.3, 15.0
AT_ONCE = 200


@router.get(
    "/jobs/{video_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def stream_events(
    owner: Owner,
    desk: TheDesk,
    video_id: Annotated[str, Path(max_length=80)],
    last: Annotated[int, Header(alias="Last-Event-ID", ge=0, lt=2**63)] = 0,
) -> StreamingResponse:
    """Stages, steps, remaining time; ends with the job. `Last-Event-ID` goes on after that event."""
    desk.find(owner, video_id)
    return StreamingResponse(
        _stream(desk, video_id, last),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _stream(desk: Desk, video: str, last: int) -> AsyncIterator[str]:
    beaten = time.monotonic()
    while True:
        found, live = await run_in_threadpool(_after, desk, video, last)
        for row in found:
            last = row.seq
            yield message(row)
        if not live and len(found) < AT_ONCE:
            return
        if time.monotonic() - beaten > BEAT_SECONDS:
            beaten = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(LOOK_SECONDS)


def _after(desk: Desk, video: str, last: int) -> tuple[list[Row[Any]], bool]:
    """The events after `last`, and whether more can come."""
    with desk.database.read() as connection:
        state = connection.execute(
            select(videos.c.state).where(videos.c.id == video)
        ).scalar_one_or_none()
        found = connection.execute(
            select(events)
            .where(events.c.video == video, events.c.seq > last)
            .order_by(events.c.seq)
            .limit(AT_ONCE)
        ).all()
    return list(found), state not in (None, "done", "failed", "cancelled")


def message(row: Row[Any]) -> str:
    """One event on the wire (WHATWG HTML, 9.2)."""
    data = json.dumps({**row.data, "at": row.at})
    return f"id: {row.seq}\nevent: {row.kind}\ndata: {data}\n\n"
