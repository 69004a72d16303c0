"""`kinora caption FILE`. In: a film, a picture or latents. Out: what it shows, in words or as facts."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.cli.maker import maker
from kinora.cli.options import FilmsModel, Json, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from kinora.denoise.model import FilmModel


def caption(
    file: Annotated[Path, typer.Argument(help="A video or image, or the .latents beside one.")],
    *,
    model: FilmsModel = None,
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
    from kinora.timeline.draw import draw, film_of

    judge, film = load_judge(), film_of(file)
    if film is None and model is not None:
        raise UsageError(
            f"{file} needs no model: its frames are watched", remedy="Leave --model away"
        )
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        if film is None:
            clip, notes = (reading := read(file)).clip, reading.told
        else:
            clip, notes = draw(film, _of(film, model), on_progress=on_progress), ()
        seen = judge.watch(clip, on_progress=on_progress)
    for line in notes:
        note(line, quiet=quiet)
    words = in_words(seen)
    told = {"tags": words.tags, "sentence": words.sentence, "paragraph": words.paragraph}
    doings = [
        [asdict(each) for each in happenings(thing.spots, frames=seen.frames, fps=seen.fps)]
        for thing in seen.things
    ]
    facts = seen.as_json() | {"happenings": doings, "words": told}
    show(facts if as_json else told, as_json=as_json)


def _of(film: Path, model: str | None) -> "FilmModel":
    """The model as named, else the one that made the film: only they can read its latents."""
    from kinora.generate import load
    from kinora.media.sidecar import read_sidecar, sidecar_path
    from kinora.models.store import DEFAULT

    if model is not None:
        return load(model)
    told = read_sidecar(film).model if sidecar_path(film).exists() else None
    if told is None:
        raise NotFoundError(
            f"nothing beside {film} tells which model can read its latents",
            remedy=f"Name it: --model {DEFAULT}, or a folder",
        )
    return maker(film, told)
