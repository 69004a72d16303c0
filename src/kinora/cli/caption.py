"""`kinora caption FILE`. In: a film or a picture. Out: what it shows, in words or as facts."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting


def caption(
    file: Annotated[Path, typer.Argument(help="A video or image.")],
    *,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell what a film shows: things, colours, ground, light, motion, camera, and with --json when.

    What the judge is not sure of is called unknown; it only knows the simulated world.
    """
    from kinora.caption.happen import happenings
    from kinora.caption.judge import load_judge
    from kinora.caption.words import in_words
    from kinora.media.read import read

    judge = load_judge()
    reading = read(file)
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        seen = judge.watch(reading.clip, on_progress=on_progress)
    for line in reading.told:
        note(line, quiet=quiet)
    words = in_words(seen)
    told = {"tags": words.tags, "sentence": words.sentence, "paragraph": words.paragraph}
    doings = [
        [asdict(each) for each in happenings(thing.spots, frames=seen.frames, fps=seen.fps)]
        for thing in seen.things
    ]
    facts = seen.as_json() | {"happenings": doings, "words": told}
    show(facts if as_json else told, as_json=as_json)
