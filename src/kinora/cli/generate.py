"""`kinora generate PROMPT`. In: words and wishes. Out: films or stills with their sidecars."""

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.cli.options import Count, Json, NoMetadata, Out, Quiet, Seed
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.cli.studio import resumable
from kinora.core.errors import UsageError
from kinora.core.shape import parse_size

if TYPE_CHECKING:
    from kinora.core.clip import Clip
    from kinora.core.progress import OnProgress
    from kinora.denoise.model import FilmModel
    from kinora.generate import Request
    from kinora.media.sidecar import Shot

SEEDS = 2**31


def generate(
    prompt: Annotated[str, typer.Argument(help='What is to be seen, e.g. "a red ball on grass".')],
    *,
    seconds: Annotated[float, typer.Option(help="Duration.")] = 4.0,
    size: Annotated[
        str | None,
        typer.Option(help="WIDTHxHEIGHT in pixels.", show_default="what the model likes"),
    ] = None,
    seed: Seed = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Solver steps: more is finer.", show_default="20")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="How hard to follow the words; 1 is not at all.")
    ] = None,
    negative: Annotated[str, typer.Option(help="What to stay away from.")] = "",
    count: Count = 1,
    out: Out = None,
    model: Annotated[
        str | None,
        typer.Option(help="A shipped model's name, or a folder.", show_default="kinora-tiny"),
    ] = None,
    image: Annotated[bool, typer.Option("--image", help="One still picture.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet, a PNG.")] = None,
    expand: Annotated[
        bool, typer.Option("--expand", help="Write the prompt out as a director would.")
    ] = False,
    no_metadata: NoMetadata = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film from a prompt."""
    from kinora.core.prompt import check_prompt
    from kinora.generate import Request, load
    from kinora.media.sheet import save_sheet
    from kinora.media.target import check_target
    from kinora.models import DEFAULT
    from kinora.timeline.direct import directed

    check_prompt(prompt)
    height, width = parse_size(size) if size else (None, None)
    if not image and seconds <= 0:
        raise UsageError(f"a film of {seconds:g} seconds cannot be made", remedy="Try --seconds 4")
    first = secrets.randbelow(SEEDS) if seed is None else seed
    files = [named(out, prompt, first + i, image=image, many=count > 1) for i in range(count)]
    for file in files:
        check_target(file, fps=8)
    told, clips = [], list["Clip"]()
    with resumable(first, quiet=quiet), reporting(as_json=as_json, quiet=quiet) as on_progress:
        bundle = load(model or DEFAULT)
        likes = bundle.capabilities
        high, wide = height or likes.height, width or likes.width
        bundle = _placed(
            bundle,
            Request(
                (prompt,), 0.0 if image else seconds, height, width, steps=steps, guidance=guidance
            ),
        )
        shot, conditions = directed(prompt, bundle, expand=expand, height=high, width=wide)
        for i, file in enumerate(files):
            wish = Request(
                prompts=(shot.expansion or shot.prompt,), seconds=0.0 if image else seconds,
                height=height, width=width, seed=first + i, steps=steps, guidance=guidance,
                negative=negative, conditions=conditions,
            )  # fmt: skip
            kept, told_of = _delivered(
                bundle, wish, file, shot=shot, words=not no_metadata,
                at_once=image or sheet is not None, on_progress=on_progress,
            )  # fmt: skip
            clips += kept
            told.append({"file": str(file), "seed": first + i, "notes": told_of})
    if sheet:
        save_sheet(sheet, clips, [f"{prompt} ({each['seed']})" for each in told])
    for line in dict.fromkeys(line for each in told for line in each["notes"]):  # type: ignore[attr-defined]
        note(f"Note: {line}", quiet=quiet)
    show({"films": told}, as_json=as_json, text="\n".join(str(each["file"]) for each in told))


def _placed(model: "FilmModel", wish: "Request") -> "FilmModel":
    """The model where this film fits: published weights may be larger than the device."""
    from kinora.core.shape import PixelShape
    from kinora.denoise.stream import window
    from kinora.estimate.film import Wish
    from kinora.estimate.predict import fitted
    from kinora.generate import settle

    settled, shape, _ = settle(model, wish)
    assert settled.steps and settled.guidance, "settled"
    most = model.stride.pixel_frames(window(model))
    canvas = PixelShape(min(shape.frames, most), shape.height, shape.width)
    return fitted(model, Wish(canvas, settled.steps, settled.guidance))


def _delivered(
    model: "FilmModel",
    wish: "Request",
    file: Path,
    *,
    shot: "Shot",
    words: bool,
    at_once: bool,
    on_progress: "OnProgress",
) -> "tuple[list[Clip], list[str]]":
    """One film as files: its clip, unless it was written while it was made, and what there is to tell."""
    from kinora.generate import generate as make
    from kinora.timeline.deliver import deliver, sidecar_of
    from kinora.timeline.deliver_stream import LONG, deliver_stream

    if wish.seconds >= LONG and not at_once:
        _, notes = deliver_stream(
            model, wish, file, words=words, wishes=(shot,), on_progress=on_progress
        )
        return [], list(notes)
    film = make(model, wish, on_progress=on_progress)
    sidecar = sidecar_of(film, model, verb="generate", asked=wish)
    sidecar = sidecar.model_copy(update={"shots": (shot,)})
    deliver(film, sidecar, file, words=words, on_progress=on_progress)
    return [film.clip], list(film.notes)


def named(out: Path | None, prompt: str, seed: int, *, image: bool, many: bool) -> Path:
    """The file of one film: as told, with the seed added if there are many, else from the prompt."""
    if out is None:
        words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:48].strip("-") or "film"
        return Path(f"{words}-{seed}.{'png' if image else 'mp4'}")
    return out.with_stem(f"{out.stem}-{seed}") if many else out
