"""`kinora retake FILE`. In: a film, a window of time. Out: the film with that window made anew."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def retake(
    file: File,
    *,
    start: Annotated[float, typer.Option("--from", min=0, help="Seconds.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option("--to", min=0, help="Seconds.", show_default="the end")
    ] = None,
) -> Wanted:
    """Make a part of a film anew, from one time to another."""
    from kinora.timeline.retake import Retake

    return Wanted(Retake, (file,), {"start": start, "stop": stop})
