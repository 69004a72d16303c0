"""How the server is. In: nothing. Out: whether it lives, whether work is done, models, metrics."""

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import func, select

from kinora.core.version import __version__
from kinora.serve.desk import Desk
from kinora.serve.errors import missing
from kinora.serve.jobs.table import workers
from kinora.serve.jobs.watcher import FRESH_SECONDS
from kinora.serve.routes.context import WRONG, Owner, TheDesk

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"] = "ok"
    version: str = __version__


class Ready(BaseModel):
    """The database answers, and `workers` take jobs."""

    ready: bool
    workers: int


class ModelObject(BaseModel):
    """A model that films can be made with; `owned_by` is the publisher's name on the hub, `kinora` or `local`."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str
    fps: float
    size: str
    characters: bool


class ModelList(BaseModel):
    """All models of this server."""

    object: Literal["list"] = "list"
    data: list[ModelObject]


@router.get("/kinora/v1/health")
async def health() -> Health:
    """Whether the process answers at all."""
    return Health()


@router.get("/kinora/v1/ready", responses={503: {"model": Ready}})
def ready(desk: TheDesk, response: Response) -> Ready:
    """Whether jobs are being worked on; 503 until a worker has begun to live."""
    count = living(desk)
    if not count:
        response.status_code = 503
    return Ready(ready=count > 0, workers=count)


@router.get("/v1/models", responses=WRONG)
@router.get("/kinora/v1/models", responses=WRONG)
def models(_owner: Owner, desk: TheDesk) -> ModelList:
    """The one model of this server, and what it can do."""
    return ModelList(data=[_model(desk)])


@router.get("/v1/models/{model:path}", responses=WRONG)
def model(_owner: Owner, desk: TheDesk, model: Annotated[str, Path(max_length=255)]) -> ModelObject:
    """The model by its own name, a hub id with its slash; films take it by any name."""
    if model != desk.card.name:
        raise missing("model", model)
    return _model(desk)


@router.get(
    "/kinora/v1/metrics",
    response_class=Response,
    responses={**WRONG, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request, _owner: Owner) -> Response:
    """Everything countable, for Prometheus."""
    text = generate_latest(request.app.state.metrics.registry)
    return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


def _model(desk: Desk) -> ModelObject:
    card = desk.card
    size = f"{card.width}x{card.height}"
    return ModelObject(
        id=card.name, owned_by=card.owner, fps=card.fps, size=size, characters=card.references
    )


def living(desk: Desk) -> int:
    """Workers seen lately."""
    fresh = select(func.count()).where(workers.c.seen_at > time.time() - FRESH_SECONDS)
    with desk.database.read() as connection:
        return int(connection.execute(fresh).scalar_one())
