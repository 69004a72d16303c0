"""What happened to a job, told to whoever listens. In: a row that changed. Out: events and deliveries.

Both are written in the transaction of the change itself, so nothing happens untold and nothing is told
that did not happen.
"""

import json
import time
import uuid
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from kinora.serve.jobs.table import deliveries, events, webhooks

COMPLETED, FAILED = "video.completed", "video.failed"
TYPES = (COMPLETED, FAILED)
PREVIEW = "preview"


def record(connection: Connection, video: str, kind: str, **data: Any) -> None:
    """Append to the job's history, which `events` streams to clients."""
    row = {"video": video, "kind": kind, "data": data, "at": time.time()}
    connection.execute(insert(events).values(row))


def show(connection: Connection, video: str, **data: Any) -> None:
    """Tell what is to be seen so far; of all pictures only the last is kept, until the job ends."""
    hide(connection, video)
    record(connection, video, PREVIEW, **data)


def hide(connection: Connection, video: str) -> None:
    """Forget the picture."""
    connection.execute(delete(events).where(events.c.video == video, events.c.kind == PREVIEW))


def announce(connection: Connection, *, owner: str, video: str, kind: str) -> None:
    """One delivery for each webhook of `owner` that asked for `kind`."""
    hooks = connection.execute(
        select(webhooks.c.id, webhooks.c.types).where(webhooks.c.owner == owner)
    ).all()
    now = time.time()
    for hook in hooks:
        if kind not in hook.types:
            continue
        name = f"evt_{uuid.uuid4().hex}"
        body = {
            "id": name,
            "object": "event",
            "created_at": int(now),
            "type": kind,
            "data": {"id": video},
        }
        row = {"id": name, "webhook": hook.id, "type": kind, "body": json.dumps(body)}
        connection.execute(insert(deliveries).values(row | {"next_at": now, "created_at": now}))
