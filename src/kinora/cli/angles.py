"""`kinora angles FILE`. In: a film, cameras. Out: a film from each of them, in step."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited, numbers


def angles(
    file: File,
    *,
    views: Annotated[
        str, typer.Option(help="Numbers of cameras with commas; the film's is 0.")
    ] = "1",
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
    """Show the same moments from other cameras."""
    from kinora.core.config import settle
    from kinora.timeline.angles import Angles
    from kinora.timeline.angles import angles as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "views": numbers(views, count=0, name="views"),
    }
    wish = settle(Angles, values)
    edited(
        "angles", [file], wish, lambda m, given, it, tell: make(m, given[0], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
