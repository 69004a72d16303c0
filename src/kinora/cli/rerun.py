"""`kinora rerun FILE`. In: a film with its sidecar. Out: the same film, made again."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json, Out, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.core.errors import NotFoundError, UnsupportedError


def rerun(
    file: Annotated[Path, typer.Argument(help="A film that kinora generate made.")],
    *,
    out: Out = None,
    model: Annotated[
        str | None, typer.Option(help="A model's name or folder.", show_default="that of the film")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film again from its sidecar, and say whether the same frames came out."""
    from kinora.generate import generate, load
    from kinora.media.read import read
    from kinora.media.sidecar import read_sidecar
    from kinora.timeline.deliver import deliver, recall, request_of, sidecar_of

    told = read_sidecar(file)
    if told.verb != "generate":
        raise UnsupportedError(
            f"{file} was made by kinora {told.verb}",
            why="only films of kinora generate are made again",
            remedy=f"Rerun its source, then kinora {told.verb} with the options in {file}.json",
        )
    if not told.shots or told.model is None:
        raise NotFoundError(
            f"the sidecar of {file} does not tell the prompt",
            why="it was written with --no-metadata",
        )
    target = out or file.with_stem(f"{file.stem}-again")
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        made_by = load(model or told.model.id)
        if made_by.checksums() != told.model.weights:
            note("Note: the weights are not those the film was made with", quiet=quiet)
        film = generate(made_by, request_of(told), on_progress=on_progress)
        sidecar = sidecar_of(film, made_by, verb="generate").model_copy(
            update={"shots": told.shots, "asked": told.asked}
        )
        deliver(film, sidecar, target, on_progress=on_progress)
    before = recall(file, read(file).clip)
    same = None if before is None else bool((before.latents == film.latents).all())
    words = {True: "the same latents", False: "other latents", None: "nothing to compare with"}
    show(
        {"file": str(target), "same_latents": same},
        as_json=as_json,
        text=f"{target}: {words[same]}",
    )
