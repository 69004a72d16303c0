"""`kinora angles FILE`. In: a film, cameras. Out: a film from each of them, in step."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits, numbers


@edits
def angles(
    file: File,
    *,
    views: Annotated[
        str, typer.Option(help="Numbers of cameras with commas; the film's is 0.")
    ] = "1",
) -> Wanted:
    """Show the same moments from other cameras."""
    from kinora.timeline.angles import Angles

    return Wanted(Angles, (file,), {"views": numbers(views, count=0, name="views")})
