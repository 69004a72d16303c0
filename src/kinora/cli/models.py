"""`kinora models pull | ls | verify`. In: a hub id or folder. Out: weights here, whole and checked."""

from pathlib import Path
from typing import Annotated

import typer

import kinora
from kinora.cli.options import Json, Offline, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting

models = typer.Typer(no_args_is_help=True, help="Fetch, list and check published models.")

SHIPPED = Path(kinora.__file__).parent / "weights"

Name = Annotated[str, typer.Argument(help="A hub id (owner/model), a folder, or a shipped model.")]


@models.command()
def pull(
    name: Name, *, offline: Offline = False, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Fetch a model; what an earlier pull left is not fetched again."""
    from kinora.open_weights.hub import cut_off, gigabytes, pulled, release
    from kinora.open_weights.hub import pull as fetch

    if cut_off():
        path = pulled(name).path
        show(
            {"name": name, "revision": path.name, "bytes": _size(path), "path": path},
            as_json=as_json,
        )
        return
    found = release(name)
    note(
        f"{name}: {gigabytes(found.size)} in {len(found.files)} files, licence {found.licence}",
        quiet=quiet,
    )
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        folder = fetch(found, on_progress=on_progress)
    result = {
        "name": name,
        "licence": found.licence,
        "revision": found.revision,
        "bytes": found.size,
        "path": folder.path,
    }
    show(result, as_json=as_json)


@models.command()
def ls(*, as_json: Json = False) -> None:
    """List the models on this machine."""
    from kinora.open_weights.hub import gigabytes, held

    shipped = sorted(path.parent for path in SHIPPED.glob("*/model_index.json"))
    rows = [(folder.name, _size(folder), "shipped") for folder in shipped]
    rows += [(each.name, each.size, each.pipeline) for each in held()]
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [f"{name:<{width}}  {gigabytes(size):>9}  {kind}" for name, size, kind in rows]
    listed = [{"name": name, "bytes": size, "class": kind} for name, size, kind in rows]
    text = "\n".join(lines) or "none; fetch one with: kinora models pull OWNER/MODEL"
    show({"models": listed}, as_json=as_json, text=text)


@models.command()
def verify(name: Name, *, as_json: Json = False, quiet: Quiet = False) -> None:
    """Check that every weights file is there and is what its publisher says."""
    from kinora.models.store import is_bundle, load_bundle
    from kinora.open_weights.hub import absent, locate
    from kinora.open_weights.sums import unstated
    from kinora.open_weights.sums import verify as check

    own = next((folder for folder in (SHIPPED / name, Path(name)) if is_bundle(folder)), None)
    folder = None if own else locate(name)
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        if own is not None:
            sums = load_bundle(own).checksums()
        elif folder is not None:
            sums = check(folder, on_progress=on_progress)
        else:
            raise absent(name)
    alone = unstated(folder) if folder else []
    if alone:
        note(
            f"Note: of {len(alone)} of {len(sums)} files no publisher's checksum is known: they are whole, "
            "but whether their bytes are the published ones nobody here can tell",
            quiet=quiet,
        )
    show({"name": name, "sha256": sums, "unstated": alone}, as_json=as_json)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
