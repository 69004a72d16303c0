"""`kinora queue`. In: a server's address. Out: its jobs, listed, moved, paused, cancelled, tried again."""

import json
import os
import urllib.error
import urllib.request
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kinora.cli.options import Json
from kinora.cli.output import show
from kinora.core.errors import BusyError, KinoraError, NotFoundError, UsageError

queue = typer.Typer(no_args_is_help=True, help="See and steer the jobs of a server.")

Server = Annotated[
    str,
    typer.Option("--server", envvar="KINORA_SERVER", help="Address of the server."),
]
Job = Annotated[str, typer.Argument(help="Id of the job.")]
HERE = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 30.0


@queue.command("list")
def list_jobs(
    server: Server = HERE,
    state: Annotated[str | None, typer.Option("--state", help="Only this state.")] = None,
    as_json: Json = False,
) -> None:
    """List live jobs in the order of their turn."""
    found = ask("GET", server, "jobs" + (f"?state={quote(state)}" if state else ""))
    lines = [
        f"{job['id']}  {job['state']:<10} {job['progress']:>3} %  {job['prompt'][:60]}"
        for job in found["data"]
    ]
    show(found, as_json=as_json, text="\n".join(lines) or "no jobs")


@queue.command("show")
def show_job(job: Job, server: Server = HERE, as_json: Json = False) -> None:
    """Tell everything about one job."""
    show(ask("GET", server, f"jobs/{quote(job)}"), as_json=as_json)


@queue.command()
def cancel(job: Job, server: Server = HERE, as_json: Json = False) -> None:
    """Stop a job for good."""
    _act("cancel", job, server, as_json)


@queue.command()
def pause(job: Job, server: Server = HERE, as_json: Json = False) -> None:
    """Stop a job for now."""
    _act("pause", job, server, as_json)


@queue.command()
def resume(job: Job, server: Server = HERE, as_json: Json = False) -> None:
    """Go on with a paused job."""
    _act("resume", job, server, as_json)


@queue.command()
def retry(job: Job, server: Server = HERE, as_json: Json = False) -> None:
    """Try a failed job again."""
    _act("retry", job, server, as_json)


@queue.command()
def move(
    job: Job,
    server: Server = HERE,
    priority: Annotated[int | None, typer.Option("--priority", help="Higher goes first.")] = None,
    before: Annotated[str | None, typer.Option("--before", help="Right before this job.")] = None,
    as_json: Json = False,
) -> None:
    """Give a job another place in the queue."""
    if priority is None and before is None:
        raise UsageError("say where to", remedy="Add --priority N or --before JOB")
    wanted = {"priority": priority, "before": before}
    sent = {key: value for key, value in wanted.items() if value is not None}
    show(ask("PATCH", server, f"jobs/{quote(job)}", sent), as_json=as_json)


def _act(verb: str, job: str, server: str, as_json: bool) -> None:
    told = ask("POST", server, f"jobs/{quote(job)}/{verb}", {})
    show(told, as_json=as_json, text=f"{told['id']}  {told['state']} (wanted: {told['want']})")


def ask(method: str, server: str, path: str, sent: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request to a server; the key is read from `KINORA_KEY`.

    Raises:
        KinoraError: the server cannot be reached, or its own words for why not.
    """
    if not server.startswith(("http://", "https://")):
        raise UsageError(f"'{server}' is no address", remedy=f"Try --server {HERE}")
    request = urllib.request.Request(
        f"{server.rstrip('/')}/kinora/v1/{path}",
        method=method,
        data=None if sent is None else json.dumps(sent).encode(),
        headers={"content-type": "application/json"},
    )
    if os.environ.get("KINORA_KEY"):
        request.add_header("authorization", f"Bearer {os.environ['KINORA_KEY']}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            told: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise _refused(error) from error
    except (urllib.error.URLError, OSError) as error:
        raise KinoraError(
            f"no server answers at {server}", remedy="Start one with kinora serve"
        ) from error
    return told


def _refused(error: urllib.error.HTTPError) -> KinoraError:
    try:
        message = json.load(error)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"the server answered {error.code}"
    kinds = {400: UsageError, 401: UsageError, 404: NotFoundError, 409: BusyError, 429: BusyError}
    return kinds.get(error.code, KinoraError)(message)
