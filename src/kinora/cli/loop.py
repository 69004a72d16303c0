"""`kinora loop FILE`. In: a film. Out: one that begins again where it ends."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def loop(
    file: File,
    *,
    bridge: Annotated[
        str, typer.Option(help="short, normal, long, or seconds: the way back to the beginning.")
    ] = "normal",
) -> Wanted:
    """Make a film loop without a seam."""
    from kinora.core.config import literal
    from kinora.timeline.loop import Loop

    return Wanted(Loop, (file,), {"bridge": literal(bridge)})
