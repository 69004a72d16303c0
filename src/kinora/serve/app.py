"""The application. In: settings. Out: FastAPI with every route, its documents, its limits and its workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from kinora.core.errors import UsageError
from kinora.core.version import __version__
from kinora.serve import errors
from kinora.serve.body import Limit
from kinora.serve.card import model_card
from kinora.serve.desk import Desk
from kinora.serve.jobs.database import Database
from kinora.serve.keys import Keys
from kinora.serve.metrics import Metrics, Timed
from kinora.serve.policy import load_policy
from kinora.serve.routes import (
    batches,
    characters,
    content,
    edits,
    events,
    files,
    health,
    jobs,
    videos,
    webhooks,
)
from kinora.serve.sandbox import Sandbox
from kinora.serve.settings import Settings
from kinora.serve.store import open_store
from kinora.serve.supervise import Supervisor
from kinora.serve.uploads import Uploads
from kinora.serve.wire import CreateCharacter, CreateVideo, EditVideo, ExtendVideo, RemixVideo

FORM_OVERHEAD = 1 << 20
BODIES: tuple[type[BaseModel], ...] = (
    CreateVideo,
    RemixVideo,
    EditVideo,
    ExtendVideo,
    CreateCharacter,
    webhooks.CreateWebhook,
    jobs.Reorder,
    files.CreateFile,
    batches.CreateBatch,
    *edits.BODIES,
)
"""What clients send; the routes read bodies themselves, so that JSON and forms are alike."""


def create_app(settings: Settings) -> FastAPI:
    """The whole server.

    Raises:
        UsageError: it would listen to others without asking for a key.
        NotFoundError: there is no such model.
        UnsupportedError: it is of a class that no family describes.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url)
    database.create()
    keys = Keys(database, key=settings.key, per_minute=settings.requests_per_minute)
    if keys.open and not settings.loopback:
        raise UsageError(
            f"the server does not listen on {settings.host} without an API key",
            why="whoever can reach it could use it",
            remedy="Run kinora serve --add-key NAME first, or set KINORA_KEY",
        )
    card, store = model_card(settings.model), open_store(settings.store_url)
    app = FastAPI(title="Kinora", version=__version__, lifespan=_lifespan, redirect_slashes=False)
    app.state.settings, app.state.database, app.state.keys = settings, database, keys
    app.state.metrics, app.state.sandbox = Metrics(database), Sandbox()
    app.state.desk = Desk(
        database,
        store,
        settings=settings,
        card=card,
        uploads=Uploads(settings, card, store, sandbox=app.state.sandbox),
        policy=load_policy(settings),
    )
    errors.install(app)
    # The literal paths below /v1/videos come before the one that takes any id.
    for part in (
        characters,
        videos,
        content,
        files,
        batches,
        edits,
        jobs,
        events,
        webhooks,
        health,
    ):
        app.include_router(part.router)
    app.add_middleware(Limit, most=settings.max_upload_bytes + FORM_OVERHEAD)
    app.add_middleware(Timed, metrics=app.state.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    supervisor = Supervisor(app.state.settings)
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()
        app.state.sandbox.close()
        app.state.database.close()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document, with the bodies that FastAPI does not see."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        _, bodies = models_json_schema(
            [(model, "validation") for model in BODIES],
            ref_template="#/components/schemas/{model}",
        )
        schemas = document["components"]["schemas"]
        schemas.update(bodies["$defs"])
        _fill_forms(document, schemas)
        app.openapi_schema = document
    return app.openapi_schema


def _fill_forms(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A form has the fields of its JSON twin, with files in place of references to them."""
    for path in document["paths"].values():
        for action in path.values():
            form = action.get("requestBody", {}).get("content", {}).get("multipart/form-data")
            if form is None or "x-fields" not in form["schema"]:
                continue
            name = form["schema"]["x-fields"]["$ref"].rsplit("/", 1)[1]
            twin = schemas[name]
            files = form["schema"]["properties"]
            form["schema"] = {
                "type": "object",
                "properties": {**twin["properties"], **files},
                "required": twin.get("required", []),
            }
