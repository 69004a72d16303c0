"""`kinora extend FILE`. In: a film, seconds. Out: the film, longer at one end."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def extend(
    file: File,
    *,
    seconds: Annotated[float, typer.Option(help="How much longer.")] = 2.0,
    backward: Annotated[
        bool, typer.Option("--backward/--forward", help="In front of the film, or behind it.")
    ] = False,
) -> Wanted:
    """Make a film longer, at its end or at its beginning."""
    from kinora.timeline.extend import Extend

    return Wanted(Extend, (file,), {"seconds": seconds, "backward": backward})
