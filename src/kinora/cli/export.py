"""`kinora export FILE`. In: the project's timeline. Out: what an editing program opens."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import (
    Attention,
    Compile,
    Device,
    Json,
    Loras,
    Model,
    Offline,
    Quantising,
    Quiet,
    StepCache,
)
from kinora.cli.output import show
from kinora.cli.outside import From
from kinora.cli.progress import reporting


def export(
    target: Annotated[Path, typer.Argument(help="film.otio, film.otioz or film.xml (FCP7).")],
    *,
    model: Model = None,
    device: Device = None,
    offline: Offline = False,
    lora: Loras = None,
    step_cache: StepCache = 0.0,
    compiled: Compile = False,
    attention: Attention = None,
    quantise: Quantising = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write the project's timeline and its shots for an editing program; shots that are there are not dreamt."""
    from kinora.timeline.filmmaker import filmmaker
    from kinora.timeline.project import project
    from kinora.timeline.studio import export_film

    here = project()
    home = here if here.document.exists() else project(target.parent)
    timeline = home.history().present
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        dreamer = filmmaker(model).pushing(timeline.negative, guidance=timeline.guidance)
        dreamer = From(lora, step_cache, compiled, attention, quantise).put_on(dreamer)
        files = export_film(timeline, home, target, model=dreamer, on_progress=on_progress)
    told = {"file": str(target), "shots": [str(each) for each in files]}
    show(told, as_json=as_json, text=str(target))
