"""`kinora serve`. In: where to listen and what to make films with. Out: the Videos API, until stopped."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kinora.cli.options import Assignments
from kinora.core.config import gather

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and the films.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database", help="postgresql://... for several machines; SQLite by default."),
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", help="Folder or fsspec URL of the films, as s3://bucket.")
]
Model = Annotated[str | None, typer.Option("--model", help="Name, folder or hub id of the model.")]


def serve(
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on.")] = None,
    model: Model = None,
    data: Data = None,
    database: DatabaseUrl = None,
    store: StoreUrl = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Worker processes; 0 for none here.")
    ] = None,
    add_key: Annotated[
        str | None, typer.Option("--add-key", metavar="NAME", help="Make an API key and stop.")
    ] = None,
    revoke_key: Annotated[
        str | None, typer.Option("--revoke-key", metavar="NAME", help="Revoke keys and stop.")
    ] = None,
    assignments: Assignments = None,
) -> None:
    """Serve the Videos API from this machine."""
    flags: dict[str, Any] = {
        "host": host, "port": port, "model": model, "data": data,
        "database": database, "store": store, "workers": workers,
    }  # fmt: skip
    from kinora.serve.settings import Settings

    settings = gather(Settings, section="serve", flags=flags, assignments=assignments or ())
    if add_key is not None or revoke_key is not None:
        _keys(settings, add=add_key, revoke=revoke_key)
        return
    _listen(settings)


def _keys(settings: Any, *, add: str | None, revoke: str | None) -> None:
    from kinora.core.errors import NotFoundError
    from kinora.serve import keys
    from kinora.serve.jobs.database import Database

    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    database.create()
    if add is not None:
        typer.echo(keys.add_key(database, name=add))
    if revoke is not None and not keys.revoke_key(database, name=revoke):
        raise NotFoundError(f"there is no key called '{revoke}'")


def _listen(settings: Any) -> None:
    import uvicorn

    from kinora.serve.app import create_app

    app = create_app(settings)
    typer.echo(f"Kinora listens on http://{settings.host}:{settings.port}/v1", err=True)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=10,
        server_header=False,
    )
