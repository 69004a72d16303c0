"""`kinora angles FILE`. In: a film, cameras. Out: a film from each of them, in step."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def angles(
    file: File,
    *,
    views: Annotated[
        str, typer.Option(help="Cameras with commas: left, right, back, above; or their numbers.")
    ] = "left",
) -> Wanted:
    """Show the same moments from other cameras."""
    from kinora.timeline.angles import Angles

    return Wanted(Angles, (file,), {"views": tuple(map(str.strip, views.split(",")))})
