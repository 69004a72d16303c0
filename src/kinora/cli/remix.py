"""`kinora remix FILE`. In: a film, a strength. Out: the film, reworked."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def remix(
    file: File,
    *,
    strength: Annotated[
        str, typer.Option(help="subtle, mild, strong, or a number from 0 to 1.")
    ] = "mild",
) -> Wanted:
    """Make a film again, close to how it was."""
    from kinora.core.config import literal
    from kinora.timeline.remix import Remix

    return Wanted(Remix, (file,), {"strength": literal(strength)})
