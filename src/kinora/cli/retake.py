"""`kinora retake FILE`. In: a film, a window of time. Out: the film with that window made anew."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited


def retake(
    file: File,
    *,
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
    """Make a part of a film anew, from one time to another."""
    from kinora.core.config import settle
    from kinora.timeline.retake import Retake
    from kinora.timeline.retake import retake as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "start": start,
        "stop": stop,
    }
    wish = settle(Retake, values)
    edited(
        "retake", [file], wish, lambda m, given, it, tell: make(m, given[0], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
