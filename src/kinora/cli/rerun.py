"""`kinora rerun FILE`. In: a film with its sidecar. Out: the same film, made again."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json, Out, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.cli.unfinished import resumable
from kinora.core.errors import NotFoundError


def rerun(
    file: Annotated[Path, typer.Argument(help="A film with its sidecar.")],
    *,
    out: Out = None,
    model: Annotated[
        str | None, typer.Option(help="A model's name or folder.", show_default="that of the film")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film again from its sidecar, and say whether the same frames came out."""
    from kinora.generate import load
    from kinora.media.sidecar import read_sidecar
    from kinora.timeline.again import again

    told = read_sidecar(file)
    if told.model is None:
        raise NotFoundError(f"the sidecar of {file} does not tell the model")
    target = out or file.with_stem(f"{file.stem}-again")
    typed = resumable(target, None, quiet=quiet)
    with typed, reporting(as_json=as_json, quiet=quiet) as on_progress:
        made_by = load(model or told.model.id)
        if made_by.checksums() != told.model.weights:
            note("Note: the weights are not those the film was made with", quiet=quiet)
        same = again(made_by, told, file, target, on_progress=on_progress)
    words = {True: "the same", False: "other", None: "no other to compare with, new"}
    show(
        {"file": str(target), "same_latents": same.latents, "same_frames": same.frames},
        as_json=as_json,
        text=f"{target}: {words[same.latents]} latents, {words[same.frames]} frames",
    )
