"""`kinora animate PICTURE...`. In: pictures, perhaps with times. Out: a film that shows each at its time."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.studio import Model, Negative, Steps, Words, drawn, edited
from kinora.core.errors import UsageError
from kinora.core.shape import parse_size


def animate(
    pictures: Annotated[
        list[str], typer.Argument(help="PICTURE or PICTURE@SECONDS; @-0 is the end of the film.")
    ],
    *,
    seconds: Annotated[float, typer.Option(help="Duration.")] = 4.0,
    size: Annotated[
        str | None,
        typer.Option(help="WIDTHxHEIGHT in pixels.", show_default="that of the first picture"),
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
    """Make pictures move: first, last, or any in between."""
    from kinora.core.config import settle
    from kinora.media.read import read
    from kinora.timeline.animate import Animate, Picture, keyframes

    number, timed = drawn(seed), [_timed(each, seconds) for each in pictures]
    height, width = parse_size(size) if size else (None, None)
    values = {"prompt": prompt, "negative": negative, "seed": number, "steps": steps}
    wish = settle(Animate, {**values, "seconds": seconds, "height": height, "width": width})
    edited(
        "animate", [file for file, _ in timed], wish,
        lambda m, given, it, tell: keyframes(
            m,
            [Picture(read(file).clip, time) for file, time in timed],
            it,
            references=given[0].references,
            on_progress=tell,
        ),
        seed=number, out=out, model=model, words=not no_metadata, quiet=quiet, as_json=as_json,
    )  # fmt: skip


def _timed(text: str, seconds: float) -> tuple[Path, float]:
    """`last.png@3.5` as a file and a time; without a time the beginning."""
    name, at, time = text.rpartition("@")
    if not at or Path(text).exists():
        return Path(text), 0.0
    try:
        value = float(time)
    except ValueError as error:
        raise UsageError(f"'{time}' is not a time", remedy="Write PICTURE@SECONDS") from error
    return Path(name), seconds if time.startswith("-0") and not value else value
