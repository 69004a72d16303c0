"""`kinora blend FIRST SECOND`. In: two films. Out: one that goes over from the first into the second."""

from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import File, Model, Negative, Steps, Words, drawn, edited


def blend(
    first: File,
    second: File,
    *,
    seconds: Annotated[float, typer.Option(help="How long the bridge is.")] = 2.0,
    curve: Annotated[
        str, typer.Option(help="linear, smooth, early, late or sudden: how the one gives way.")
    ] = "smooth",
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
    """Join two films by a bridge that is dreamt."""
    from kinora.core.config import settle
    from kinora.timeline.blend import Blend
    from kinora.timeline.blend import blend as make

    number = drawn(seed)
    values = {
        "prompt": prompt,
        "negative": negative,
        "seed": number,
        "steps": steps,
        "seconds": seconds,
        "curve": curve,
    }
    wish = settle(Blend, values)
    edited(
        "blend", [first, second], wish, lambda m, given, it, tell: make(m, given[0], given[1], it, on_progress=tell),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip
