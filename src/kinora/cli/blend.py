"""`kinora blend FIRST SECOND`. In: two films. Out: one that goes over from the first into the second."""

from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits


@edits
def blend(
    first: File,
    second: File,
    *,
    seconds: Annotated[float, typer.Option(help="How long the bridge is.")] = 2.0,
    curve: Annotated[
        str, typer.Option(help="linear, smooth, early, late or sudden: how the one gives way.")
    ] = "smooth",
) -> Wanted:
    """Join two films by a bridge that is dreamt."""
    from kinora.timeline.blend import Blend

    return Wanted(Blend, (first, second), {"seconds": seconds, "curve": curve})
