"""`kinora extend FILE`. In: a film, seconds. Out: the film, longer at one end."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited


def extend(
    file: File,
    *,
    seconds: Annotated[float, typer.Option(help="How much longer.")] = 2.0,
    backward: Annotated[
        bool, typer.Option("--backward/--forward", help="In front of the film, or behind it.")
    ] = False,
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
    """Make a film longer, at its end or at its beginning."""
    from kinora.core.config import settle
    from kinora.timeline.extend import Extend
    from kinora.timeline.extend import extend as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "seconds": seconds,
        "backward": backward,
    }
    wish = settle(Extend, values)
    edited(
        "extend", [file], wish, lambda m, given, it, tell: make(m, given[0], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
