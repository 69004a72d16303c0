"""`kinora recut FILE`. In: a film, the part to keep. Out: that part, made longer if wanted."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited


def recut(
    file: File,
    *,
    start: Annotated[float, typer.Option("--from", help="Seconds.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option("--to", help="Seconds.", show_default="the end")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long in the end.", show_default="as long as the part")
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
    """Keep a part of a film, and make it longer."""
    from kinora.core.config import settle
    from kinora.timeline.recut import Recut
    from kinora.timeline.recut import recut as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "start": start,
        "stop": stop,
        "seconds": seconds,
    }
    wish = settle(Recut, values)
    edited(
        "recut", [file], wish, lambda m, given, it, tell: make(m, given[0], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
