"""`kinora generate PROMPT`. In: words and wishes. Out: films or stills with their sidecars."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.director import WRITER, Address, Writer, endpoint_of
from kinora.cli.options import (
    TRIES,
    Attention,
    Compile,
    Count,
    Device,
    Guidance,
    Json,
    Loras,
    Model,
    Negative,
    NoMetadata,
    Offline,
    Out,
    Quantising,
    Quiet,
    Seed,
    StepCache,
    Steps,
    Tries,
    Verify,
)
from kinora.cli.output import Told, films
from kinora.cli.outside import From
from kinora.cli.progress import reporting
from kinora.cli.unfinished import drawn, resumable
from kinora.core.errors import UsageError
from kinora.core.shape import parse_size

if TYPE_CHECKING:
    from pydantic import JsonValue

    from kinora.core.clip import Clip
    from kinora.core.progress import OnProgress
    from kinora.denoise.model import FilmModel
    from kinora.generate import Film, Request
    from kinora.media.measure import Measured
    from kinora.media.sidecar import Shot
    from kinora.prompt.endpoint import Endpoint


class Preset(StrEnum):
    """Which of a model's three numbers of steps; their order is that of `Capabilities.steps`."""

    DRAFT = "draft"
    STANDARD = "standard"
    BEST = "best"


@dataclass(frozen=True)
class Typed:
    """What was typed, as far as it decides the film.

    Args:
        endpoint: who writes the prompt out, if not we.
        wish: what was typed before somebody wrote it out as the prompt.
        tries: how often a window is dreamt at most if it breaks its words; 0 does not look.
        preset: which number of steps where none is named.
        times: how much larger than it is dreamt the film is drawn.
        outside: what is done to a published model.
        psnr: whether the film is made without its step cache too, and compared.
        asked: fields of `Request`.
    """

    prompt: str
    expand: bool
    endpoint: "Endpoint | None"
    wish: str | None
    words: bool
    at_once: bool
    tries: int
    preset: Preset
    times: int
    outside: From
    psnr: bool
    asked: dict[str, Any]

    @property
    def streamed(self) -> bool:
        """Whether the film is written while it is made."""
        from kinora.timeline.deliver_stream import LONG

        looked_at = self.at_once or self.tries or self.psnr
        return self.asked["seconds"] >= LONG and not looked_at


def generate(
    prompt: Annotated[str, typer.Argument(help='What is to be seen, e.g. "a red ball on grass".')],
    *,
    seconds: Annotated[float, typer.Option(help="Duration.")] = 4.0,
    size: Annotated[
        str | None,
        typer.Option(help="WIDTHxHEIGHT in pixels.", show_default="what the model likes"),
    ] = None,
    seed: Seed = None,
    preset: Annotated[
        Preset, typer.Option(help="How many steps, as the model likes them.")
    ] = Preset.STANDARD,
    steps: Steps = None,
    guidance: Guidance = None,
    negative: Negative = "",
    count: Count = 1,
    out: Out = None,
    model: Model = None,
    image: Annotated[bool, typer.Option("--image", help="One still picture.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet, a PNG.")] = None,
    expand: Annotated[
        bool, typer.Option("--expand", help="Write the prompt out as a director would.")
    ] = False,
    endpoint: Address = None,
    writer: Writer = WRITER,
    wish: Annotated[
        str | None, typer.Option("--wish", help="What was wished, where PROMPT is its expansion.")
    ] = None,
    hd: Annotated[
        int | None, typer.Option("--hd", help="2 or 4: draw so many times the side.")
    ] = None,
    verify: Verify = False,
    tries: Tries = TRIES,
    lora: Loras = None,
    step_cache: StepCache = 0.0,
    psnr: Annotated[
        bool,
        typer.Option("--psnr", help="With --step-cache: make it without too, tell what it costs."),
    ] = False,
    compiled: Compile = False,
    attention: Attention = None,
    quantise: Quantising = None,
    device: Device = None,
    offline: Offline = False,
    no_metadata: NoMetadata = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film from a prompt."""
    from kinora.core.prompt import check_prompt
    from kinora.media.sequence import plain
    from kinora.media.target import check_target

    check_prompt(prompt)
    height, width = parse_size(size) if size else (None, None)
    expand = expand or endpoint is not None
    if wish is not None:
        _check_wish(wish, expand=expand)
    if psnr:
        _check_psnr(step_cache, verify=verify)
    if not image and seconds <= 0:
        raise UsageError(f"a film of {seconds:g} seconds cannot be made", remedy="Try --seconds 4")
    first = drawn(seed, folder=plain(out).parent if out else Path(), quiet=quiet)
    numbers = range(first, first + count)
    files = {
        each: named(out, wish or prompt, each, image=image, many=count > 1) for each in numbers
    }
    for file in files.values():
        check_target(file, fps=8, frames=1 if image else 2)
    if sheet:
        _check_sheet(sheet, files.values())
    asked = {
        "seconds": 0.0 if image else seconds, "height": height, "width": width, "steps": steps,
        "guidance": guidance, "negative": negative,
    }  # fmt: skip
    typed = Typed(
        prompt, expand, endpoint_of(endpoint, writer), wish, not no_metadata,
        image or sheet is not None, tries if verify else 0, preset, checked_times(hd),
        From(lora, step_cache, compiled, attention, quantise), psnr, asked,
    )  # fmt: skip
    with resumable(files[first], first, quiet=quiet):
        with reporting(as_json=as_json, quiet=quiet) as on_progress:
            told, clips = _made(typed, files, model=model, on_progress=on_progress)
        _finish(typed, told, clips, sheet=sheet, quiet=quiet, as_json=as_json)


def _check_wish(wish: str, *, expand: bool) -> None:
    """Raise `UsageError` for what is no wish, or where the prompt is not what came of it."""
    from kinora.core.prompt import check_prompt

    check_prompt(wish)
    if expand:
        raise UsageError(
            "--wish tells what the prompt was expanded from: it is taken as it is",
            remedy="Leave away --wish, or --expand and --endpoint",
        )


def _check_sheet(sheet: Path, films: Iterable[Path]) -> None:
    """Say before the work what would stop the contact sheet after it, or lose a film beneath it."""
    from kinora.media.atomic import check_folder

    if sheet.suffix.lower() != ".png":
        raise UsageError(f"a contact sheet is a PNG, not '{sheet.name}'", remedy="Try sheet.png")
    check_folder(sheet)
    if sheet.resolve() in {film.resolve() for film in films}:
        raise UsageError(
            f"{sheet} cannot be the contact sheet and the picture", remedy="Name another --sheet"
        )


def _check_psnr(step_cache: float, *, verify: bool) -> None:
    """Raise `UsageError` where there is nothing to compare."""
    if not step_cache:
        raise UsageError("--psnr tells what a step cache costs", remedy="Add --step-cache 0.05")
    if verify:
        raise UsageError(
            "--psnr compares two dreams, and --verify may dream again", remedy="Drop one"
        )


def _made(
    typed: Typed, files: dict[int, Path], *, model: str | None, on_progress: "OnProgress"
) -> "tuple[list[Told], list[Clip]]":
    """A film for each seed: what is to be told of them, and the clips of those made at once."""
    from kinora.generate import Request
    from kinora.models.bundle import enlarged
    from kinora.timeline.direct import directed, noted
    from kinora.timeline.filmmaker import filmmaker, placed

    told, clips = list[Told](), list["Clip"]()
    wished = Request((typed.prompt,), **typed.asked)
    plain = enlarged(filmmaker(model).answering(wished, typed.preset), typed.times)
    steps = plain.capabilities.steps[list(Preset).index(typed.preset)]
    wished = replace(wished, steps=wished.steps or steps)
    bundle = placed(typed.outside.put_on(plain), wished, whole=not typed.streamed)
    likes = bundle.capabilities
    shot, conditions, cast = directed(
        typed.prompt, bundle, expand=typed.expand, endpoint=typed.endpoint, wish=typed.wish,
        height=wished.height or likes.height, width=wished.width or likes.width,
    )  # fmt: skip
    heard = shot.expansion or shot.prompt
    lines = noted(bundle, (shot.prompt,), cast, expansion=heard) if typed.expand else ()
    wished = replace(wished, prompts=(heard,), conditions=conditions)
    for seed, file in files.items():
        kept, notes, measured = _delivered(
            bundle, typed, shot, replace(wished, seed=seed), file,
            cast=cast, on_progress=on_progress,
        )  # fmt: skip
        clips += kept
        told.append(Told(file, seed, tuple(dict.fromkeys((*lines, *notes))), measured))
    return told, clips


def _finish(
    typed: Typed,
    told: list[Told],
    clips: "list[Clip]",
    *,
    sheet: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """The contact sheet, the notes, the names of the films."""
    from kinora.media.sheet import save_sheet

    if sheet:
        save_sheet(sheet, clips, [f"{typed.prompt} ({each.seed})" for each in told])
    films(told, quiet=quiet, as_json=as_json)


def _delivered(
    model: "FilmModel",
    typed: Typed,
    shot: "Shot",
    request: "Request",
    file: Path,
    *,
    cast: "Mapping[str, JsonValue]",
    on_progress: "OnProgress",
) -> "tuple[list[Clip], list[str], Measured]":
    """One film as files: its clip, unless it was written while it was made, what is to be told, what was measured."""
    from kinora.timeline.deliver import deliver, sidecar_of
    from kinora.timeline.deliver_stream import deliver_stream

    options: dict[str, Any] = {"characters": dict(cast)} if cast else {}
    if typed.streamed:
        made, notes = deliver_stream(
            model, request, file, words=typed.words, wishes=(shot,), options=options,
            on_progress=on_progress,
        )  # fmt: skip
        return [], list(notes), made.measured
    film, found = _watched(model, request, tries=typed.tries, on_progress=on_progress)
    options |= found
    cost = _cost(model, request, film, on_progress=on_progress) if typed.psnr else ()
    sidecar = sidecar_of(film, model, verb="generate", asked=request, options=options)
    sidecar = sidecar.model_copy(update={"shots": (shot,)})
    deliver(film, sidecar, file, words=typed.words, on_progress=on_progress)
    return [film.clip], [*film.notes, *cost], sidecar.measured


def _cost(
    model: "FilmModel", request: "Request", film: "Film", *, on_progress: "OnProgress"
) -> tuple[str, ...]:
    """What the step cache takes from the film, measured beside every step computed."""
    from kinora.generate import generate as make
    from kinora.open_weights.cache import psnr
    from kinora.open_weights.model import OpenModel
    from kinora.open_weights.outside import every_step

    assert isinstance(model, OpenModel), "only those have a step cache"
    with every_step(model) as plain:
        whole = make(plain, request, on_progress=on_progress)
    decibel = psnr(film.latents, whole.latents)
    took = film.timings.get("denoise", 0.0), whole.timings["denoise"]
    if isinf(decibel):
        return ("the step cache skipped no step: a larger --step-cache would",)
    return (
        f"the step cache costs: {decibel:.1f} dB PSNR of latents beside every step computed, "
        f"{took[0]:.1f} s of dreaming instead of {took[1]:.1f} s",
    )


def _watched(
    model: "FilmModel", request: "Request", *, tries: int, on_progress: "OnProgress"
) -> "tuple[Film, dict[str, Any]]":
    """The film and, if it is watched, what the sidecar keeps of that."""
    from kinora.generate import generate as make

    if not tries:
        return make(model, request, on_progress=on_progress), {}
    from kinora.caption.judge import load_judge
    from kinora.evaluate.takes import for_sidecar
    from kinora.evaluate.verify import verified

    film, ledger = verified(
        model, request, judge=load_judge(), tries=tries, on_progress=on_progress
    )
    return film, for_sidecar(ledger, tries=tries)


def checked_times(hd: int | None) -> int:
    """How much larger to draw; `UsageError` for what nobody draws."""
    if hd not in {None, 2, 4}:
        raise UsageError(f"nothing draws {hd} times the side", remedy="Try --hd 2 or --hd 4")
    return hd or 1


def named(out: Path | None, prompt: str, seed: int, *, image: bool, many: bool) -> Path:
    """The file of one film: as told, with the seed added if there are many, else from the prompt."""
    from kinora.media.sequence import sequence_of

    if out is None:
        words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:48].strip("-") or "film"
        return Path(f"{words}-{seed}.{'png' if image else 'mp4'}")
    name = sequence_of(out) or out
    return name.with_stem(f"{name.stem}-{seed}") if many else out
