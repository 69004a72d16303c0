"""`kinora rerun FILE`. In: a film with its sidecar. Out: the same film, made again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.cli.options import Device, Json, NoMetadata, Offline, Out, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.cli.unfinished import resumable
from kinora.core.errors import NotFoundError

if TYPE_CHECKING:
    from kinora.core.progress import OnProgress
    from kinora.denoise.model import FilmModel
    from kinora.media.sidecar import Sidecar
    from kinora.timeline.again import Make


def rerun(
    file: Annotated[Path, typer.Argument(help="A film with its sidecar.")],
    *,
    out: Out = None,
    model: Annotated[
        str | None, typer.Option(help="A model's name or folder.", show_default="that of the film")
    ] = None,
    device: Device = None,
    offline: Offline = False,
    no_metadata: NoMetadata = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film again from its sidecar, and say whether the same frames came out."""
    from kinora.generate import load
    from kinora.media.probe import check_file
    from kinora.media.sequence import sequence_of
    from kinora.media.sidecar import read_sidecar, sidecar_path
    from kinora.media.target import check_target
    from kinora.models.bundle import enlarged
    from kinora.open_weights.outside import dressed, outside_of
    from kinora.timeline.again import again
    from kinora.timeline.deliver import times_of

    if not sidecar_path(file).exists():
        check_file(file)
    told = read_sidecar(file)
    if told.model is None:
        raise NotFoundError(f"the sidecar of {file} does not tell the model")
    name = sequence_of(file) or file
    target = out or name.with_stem(f"{name.stem}-again")
    check_target(target, fps=8, frames=told.made.frames if told.made else 2)
    typed = resumable(target, None, quiet=quiet)
    with typed, reporting(as_json=as_json, quiet=quiet) as on_progress:
        plain = enlarged(load(model or told.model.id), times_of(told))
        made_by = dressed(plain, outside_of(told.model.outside))
        if made_by.checksums() != told.model.weights:
            note("Note: the weights are not those the film was made with", quiet=quiet)
        same = again(
            made_by, told, file, target,
            make=_maker(told), words=not no_metadata, on_progress=on_progress,
        )  # fmt: skip
    words = {True: "the same", False: "other", None: "no other to compare with, new"}
    show(
        {"file": str(target), "same_latents": same.latents, "same_frames": same.frames},
        as_json=as_json,
        text=f"{target}: {words[same.latents]} latents, {words[same.frames]} frames",
    )


def _maker(told: "Sidecar") -> "Make":
    """Watches the film from words if the first one was watched: what was dreamt again then will be again.

    The sidecar of an edit or a storyboard tells the take that was chosen.
    """
    from kinora.generate import Film, Request, generate

    tries = told.options.get("verify")
    if told.verb != "generate" or not isinstance(tries, int):
        return generate
    from kinora.caption.judge import load_judge
    from kinora.evaluate.verify import verified

    judge = load_judge()

    def watched(model: "FilmModel", request: Request, /, *, on_progress: "OnProgress") -> Film:
        return verified(model, request, judge=judge, tries=tries, on_progress=on_progress)[0]

    return watched
