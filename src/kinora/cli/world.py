"""`kinora world`. In: how many clips of what. Out: a contact sheet, or a folder of data."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.cli.options import Json, Quiet
from kinora.cli.output import show
from kinora.cli.progress import reporting
from kinora.core.errors import NotFoundError, UsageError
from kinora.core.progress import OnProgress, Progress
from kinora.core.shape import parse_size

if TYPE_CHECKING:
    from kinora.world.folder import Order

SHEET_LIMIT = 48


def world(
    *,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; the others follow.")] = 1,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many clips.")] = 8,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "256x160",
    frames: Annotated[int, typer.Option(min=1, help="Frames of each clip; 1 is a still.")] = 33,
    fps: Annotated[float, typer.Option(min=1.0, help="Frames a second.")] = 8.0,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A .png for a contact sheet, or a folder for data.")
    ] = Path("world.png"),
    mix: Annotated[
        list[str] | None,
        typer.Option("--mix", metavar="KEY=VALUE", help="A dial of the world; may be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one a core.")] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Render the simulated world: contact sheets to look at, or whole data sets with their truth."""
    height, width = parse_size(size)
    _need_world()
    from kinora.world.folder import Order, write_folder
    from kinora.world.mix import parse_mix

    order = Order(count, seed, frames, width, height, fps, parse_mix(mix or ()))
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        if out.suffix.lower() == ".png":
            _write_sheet(order, out, on_progress)
        else:
            crew = workers or os.cpu_count() or 1
            write_folder(order, out, workers=min(crew, count), on_progress=on_progress)
    show({"file": str(out), "clips": count}, as_json=as_json, text=str(out))


def _need_world() -> None:
    try:
        import mujoco  # noqa: F401
        import numba  # noqa: F401
    except ImportError as error:
        raise NotFoundError(
            f"the simulated world needs {error.name}", remedy="pip install 'kinora[world]'"
        ) from None


def _write_sheet(order: "Order", out: Path, on_progress: OnProgress) -> None:
    from kinora.world.sheet import contact_sheet

    if order.count > SHEET_LIMIT:
        raise UsageError(
            f"{order.count} clips do not fit on one sheet",
            why=f"a sheet holds {SHEET_LIMIT}",
            remedy="Give a folder to --out for a data set",
        )
    clips = []
    for index in range(order.count):
        clips.append(order.draw(index))
        on_progress(Progress("render", index + 1, order.count))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part.png")
    contact_sheet(clips).save(part)
    part.replace(out)
