"""`kinora export FILE`. In: the project's timeline. Out: what an editing program opens."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Device, Json, Model, Offline, Quiet
from kinora.cli.output import show
from kinora.cli.progress import reporting


def export(
    target: Annotated[Path, typer.Argument(help="film.otio, film.otioz or film.xml (FCP7).")],
    *,
    model: Model = None,
    device: Device = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write the project's timeline and its shots for an editing program."""
    from kinora.timeline.filmmaker import filmmaker
    from kinora.timeline.project import project
    from kinora.timeline.studio import export_film

    here = project()
    home = here if here.document.exists() else project(target.parent)
    timeline = home.history().present
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        dreamer = filmmaker(model).pushing(timeline.negative, guidance=timeline.guidance)
        files = export_film(timeline, home, target, model=dreamer, on_progress=on_progress)
    told = {"file": str(target), "shots": [str(each) for each in files]}
    show(told, as_json=as_json, text=str(target))
