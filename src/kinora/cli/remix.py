"""`kinora remix FILE`. In: a film, a strength. Out: the film, reworked."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited


def remix(
    file: File,
    *,
    strength: Annotated[
        str, typer.Option(help="subtle, mild, strong, or a number from 0 to 1.")
    ] = "mild",
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
    """Make a film again, close to how it was."""
    from kinora.core.config import literal, settle
    from kinora.timeline.remix import Remix
    from kinora.timeline.remix import remix as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "strength": literal(strength),
    }
    wish = settle(Remix, values)
    edited(
        "remix", [file], wish, lambda m, given, it, tell: make(m, given[0], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
