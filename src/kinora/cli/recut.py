"""`kinora recut FILE`. In: a film, the part to keep. Out: that part, made longer if wanted."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def recut(
    file: File,
    *,
    start: Annotated[float, typer.Option("--from", min=0, help="Seconds.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option("--to", min=0, help="Seconds.", show_default="the end")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long in the end.", show_default="as long as the part")
    ] = None,
) -> Wanted:
    """Keep a part of a film, and make it longer."""
    from kinora.timeline.recut import Recut

    return Wanted(Recut, (file,), {"start": start, "stop": stop, "seconds": seconds})
