"""Webhooks of an owner. In: a URL. Out: a secret, and a log of what was delivered."""

import base64
import secrets
import time
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import delete, insert, select

from kinora.serve.desk import Desk
from kinora.serve.errors import missing
from kinora.serve.jobs.table import deliveries, webhooks
from kinora.serve.outbound import check_url
from kinora.serve.routes.context import WRONG, Owner, Sent, TheDesk, accepts
from kinora.serve.wire import Deleted
from kinora.serve.wire import Sent as SentModel

router = APIRouter(prefix="/kinora/v1", tags=["webhooks"], responses=WRONG)

Kind = Literal["video.completed", "video.failed"]
Id = Annotated[str, Path(max_length=80)]


class CreateWebhook(SentModel):
    """Where to send which events."""

    url: Annotated[str, Field(min_length=8, max_length=2000)]
    events: tuple[Kind, ...] = ("video.completed", "video.failed")


class WebhookObject(BaseModel):
    """A webhook; its secret is shown once, when it is made."""

    id: str
    object: Literal["webhook"] = "webhook"
    url: str
    events: list[str]
    created_at: int
    secret: str | None = None


class WebhookList(BaseModel):
    """All of them."""

    data: list[WebhookObject]


class DeliveryObject(BaseModel):
    """One event on its way: `status` is the last answer of HTTP."""

    id: str
    type: str
    state: Literal["waiting", "delivered", "given up"]
    attempts: int
    status: int | None
    error: str | None
    created_at: float
    delivered_at: float | None
    next_at: float


class DeliveryList(BaseModel):
    """The log, newest first."""

    data: list[DeliveryObject]


@router.post("/webhooks", openapi_extra=accepts("CreateWebhook"))
def create_webhook(owner: Owner, desk: TheDesk, body: Sent) -> WebhookObject:
    """Register an address; events are signed with the secret that is answered."""
    sent = body.read(CreateWebhook)
    check_url(sent.url)
    row = {
        "id": f"wh_{uuid.uuid4().hex}",
        "owner": owner,
        "url": sent.url,
        "secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "types": list(sent.events),
        "created_at": time.time(),
    }
    with desk.database.write() as connection:
        connection.execute(insert(webhooks).values(row))
    return WebhookObject(
        id=str(row["id"]),
        url=sent.url,
        events=list(sent.events),
        created_at=int(time.time()),
        secret=str(row["secret"]),
    )


@router.get("/webhooks")
def list_webhooks(owner: Owner, desk: TheDesk) -> WebhookList:
    """Every address of this owner."""
    with desk.database.read() as connection:
        found = connection.execute(select(webhooks).where(webhooks.c.owner == owner)).all()
    return WebhookList(
        data=[
            WebhookObject(id=row.id, url=row.url, events=row.types, created_at=int(row.created_at))
            for row in found
        ]
    )


@router.delete("/webhooks/{webhook_id}")
def delete_webhook(owner: Owner, desk: TheDesk, webhook_id: Id) -> Deleted:
    """Send nothing there any more."""
    _check(desk, owner, webhook_id)
    with desk.database.write() as connection:
        connection.execute(delete(deliveries).where(deliveries.c.webhook == webhook_id))
        connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
    return Deleted(id=webhook_id, object="webhook.deleted")


@router.get("/webhooks/{webhook_id}/deliveries")
def list_deliveries(
    owner: Owner, desk: TheDesk, webhook_id: Id, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> DeliveryList:
    """What was sent there, and what became of it."""
    _check(desk, owner, webhook_id)
    wanted = select(deliveries).where(deliveries.c.webhook == webhook_id)
    with desk.database.read() as connection:
        found = connection.execute(
            wanted.order_by(deliveries.c.created_at.desc()).limit(limit)
        ).all()
    return DeliveryList(
        data=[DeliveryObject.model_validate(row, from_attributes=True) for row in found]
    )


def _check(desk: Desk, owner: str, webhook: str) -> None:
    with desk.database.read() as connection:
        found = connection.execute(
            select(webhooks.c.id).where(webhooks.c.id == webhook, webhooks.c.owner == owner)
        ).first()
    if found is None:
        raise missing("webhook", webhook)
