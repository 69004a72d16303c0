"""`kinora animate PICTURE...`. In: pictures, perhaps with times. Out: a film that shows each at its time."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.studio import Wanted, edits
from kinora.core.errors import UsageError
from kinora.core.shape import parse_size


@edits
def animate(
    pictures: Annotated[
        list[str], typer.Argument(help="PICTURE or PICTURE@SECONDS; @-0 is the end of the film.")
    ],
    *,
    seconds: Annotated[float, typer.Option(help="Duration.")] = 4.0,
    size: Annotated[
        str | None,
        typer.Option(help="WIDTHxHEIGHT in pixels.", show_default="that of the first picture"),
    ] = None,
) -> Wanted:
    """Make pictures move: first, last, or any in between."""
    from kinora.timeline.animate import Animate

    timed = [_timed(each, seconds) for each in pictures]
    height, width = parse_size(size) if size else (None, None)
    return Wanted(
        Animate,
        files=tuple(file for file, _ in timed),
        values={"seconds": seconds, "height": height, "width": width},
        times=tuple(time for _, time in timed),
    )


def _timed(text: str, seconds: float) -> tuple[Path, float]:
    """`last.png@3.5` as a file and a time; without a time the beginning."""
    name, at, time = text.rpartition("@")
    if not at or Path(text).exists():
        return Path(text), 0.0
    try:
        value = float(time)
    except ValueError as error:
        raise UsageError(f"'{time}' is not a time", remedy="Write PICTURE@SECONDS") from error
    return Path(name), seconds if time.startswith("-0") and not value else value
