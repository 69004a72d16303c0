"""`kinora loop FILE`. In: a film. Out: one that begins again where it ends."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited


def loop(
    file: File,
    *,
    bridge: Annotated[
        str, typer.Option(help="short, normal, long, or seconds: the way back to the beginning.")
    ] = "normal",
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
    """Make a film loop without a seam."""
    from kinora.core.config import literal, settle
    from kinora.timeline.loop import Loop
    from kinora.timeline.loop import loop as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "bridge": literal(bridge),
    }
    wish = settle(Loop, values)
    edited(
        "loop", [file], wish, lambda m, given, it, tell: make(m, given[0], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
