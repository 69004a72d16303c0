"""`kinora edit FILE`. In: a film and a region, or a larger size. Out: the film changed there alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited, numbers
from kinora.core.shape import parse_size

if TYPE_CHECKING:
    from kinora.core.progress import OnProgress
    from kinora.denoise.model import FilmModel
    from kinora.generate import Film
    from kinora.timeline.region import Mask
    from kinora.timeline.source import Source


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
    start: Annotated[float, typer.Option("--from", help="Seconds.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option("--to", help="Seconds.", show_default="the end")
    ] = None,
    prompt: Words = None,
    negative: Negative = "",
    seed: Seed = None,
    steps: Steps = None,
    out: Out = None,
    model: Model = None,
    no_metadata: NoMetadata = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Change a part of the picture, or dream more of it around."""
    from kinora.core.config import settle
    from kinora.timeline.outpaint import Outpaint
    from kinora.timeline.outpaint import outpaint as widen
    from kinora.timeline.region import Change, change

    number = drawn(seed)
    common = {"prompt": prompt, "negative": negative, "seed": number, "steps": steps}
    wish: Outpaint | Change
    if outpaint is not None:
        height, width = parse_size(outpaint)
        wish = settle(Outpaint, {**common, "height": height, "width": width})
    else:
        where = None if box is None else numbers(box, count=4, name="box")
        values = {"box": where, "action": action, "what": what, "start": start, "stop": stop}
        wish = settle(Change, {**common, **values})
    where_drawn = _mask(mask)

    def make(m: "FilmModel", given: "list[Source]", it: Any, tell: "OnProgress") -> "Film":
        if isinstance(it, Outpaint):
            return widen(m, given[0], it, on_progress=tell)
        return change(m, given[0], it, mask=where_drawn, on_progress=tell)

    edited(
        "edit", [file], wish, make,
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip


def _mask(file: Path | None) -> "Mask | None":
    """True where the picture is light."""
    from kinora.media.read import read

    return None if file is None else read(file).clip.frames[0].mean(-1) > 127
