"""`kinora edit FILE`. In: a film and a region, or a larger size. Out: the film changed there alone."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.studio import File, Wanted, edits, numbers
from kinora.core.errors import UsageError
from kinora.core.shape import parse_size


@edits
def edit(
    file: File,
    *,
    box: Annotated[str | None, typer.Option(help="LEFT,TOP,WIDTH,HEIGHT in pixels: where.")] = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture as large as the film, white where it changes.")
    ] = None,
    action: Annotated[str, typer.Option(help="replace, insert or remove.")] = "replace",
    what: Annotated[str, typer.Option(help="The thing to insert or to remove.")] = "",
    outpaint: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT: instead, more picture around the film.")
    ] = None,
    start: Annotated[float, typer.Option("--from", min=0, help="Seconds.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option("--to", min=0, help="Seconds.", show_default="the end")
    ] = None,
) -> Wanted:
    """Change a part of the picture, or dream more of it around."""
    from kinora.timeline.outpaint import Outpaint
    from kinora.timeline.region import Change

    if outpaint is not None:
        if box or mask or what or start or stop is not None or action != "replace":
            raise UsageError(
                "--outpaint changes nothing inside the film",
                remedy="Leave away --box, --mask, --action, --what, --from and --to",
            )
        height, width = parse_size(outpaint)
        return Wanted(Outpaint, (file,), {"height": height, "width": width})
    where = None if box is None else numbers(box, count=4, name="box")
    values = {"box": where, "action": action, "what": what, "start": start, "stop": stop}
    return Wanted(Change, (file,), values, mask=mask)
