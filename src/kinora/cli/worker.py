"""`kinora worker`. In: a database and a store that several machines share. Out: films, until stopped."""

import os
import socket
from typing import Annotated, Any

import typer

from kinora.cli.options import Assignments
from kinora.cli.serve import Data, DatabaseUrl, Model, StoreUrl
from kinora.core.config import gather


def worker(
    *,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of this worker; the host's by default.")
    ] = None,
    model: Model = None,
    data: Data = None,
    database: DatabaseUrl = None,
    store: StoreUrl = None,
    assignments: Assignments = None,
) -> None:
    """Make the films of a server that runs elsewhere."""
    from kinora.serve.settings import Settings

    flags: dict[str, Any] = {"model": model, "data": data, "database": database, "store": store}
    settings = gather(Settings, section="serve", flags=flags, assignments=assignments or ())
    from kinora.serve.jobs.worker import work

    work(settings, worker=name or f"{socket.gethostname()}-{os.getpid()}")
