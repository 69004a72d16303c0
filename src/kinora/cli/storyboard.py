"""`kinora storyboard FILE`. In: cards in TOML. Out: the film, its timeline, and every shot kept for later."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.director import WRITER, Address, Writer, endpoint_of
from kinora.cli.options import (
    TRIES,
    Attention,
    Compile,
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
    StepCache,
    Steps,
    Tries,
    Verify,
)
from kinora.cli.output import note, show
from kinora.cli.outside import From
from kinora.cli.progress import reporting
from kinora.cli.unfinished import resumable
from kinora.core.errors import UsageError

if TYPE_CHECKING:
    from kinora.core.progress import OnProgress
    from kinora.denoise.model import FilmModel
    from kinora.prompt.endpoint import Endpoint
    from kinora.timeline.document import Timeline
    from kinora.timeline.project import Project
    from kinora.timeline.studio import Made

BACK = frozenset(("--undo", "--redo"))


def storyboard(
    file: Annotated[
        Path | None, typer.Argument(help="A storyboard in TOML, or an .otio timeline.")
    ] = None,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the timeline before.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Take the last undo back.")] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="Write every card's words out as a director would.")
    ] = False,
    endpoint: Address = None,
    writer: Writer = WRITER,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Of cards without their own.", show_default="that of the file"
        ),
    ] = None,
    steps: Steps = None,
    guidance: Guidance = None,
    negative: Negative = "",
    verify: Verify = False,
    tries: Tries = TRIES,
    out: Out = None,
    model: Model = None,
    device: Device = None,
    offline: Offline = False,
    lora: Loras = None,
    step_cache: StepCache = 0.0,
    compiled: Compile = False,
    attention: Attention = None,
    quantise: Quantising = None,
    no_metadata: NoMetadata = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film from cards; only what changed since the last time is dreamt."""
    from kinora.media.target import check_target
    from kinora.timeline.deliver import spare
    from kinora.timeline.opening import files_of
    from kinora.timeline.project import project

    home = project(file.parent if file else None)
    typed = {
        "steps": steps, "guidance": guidance, "negative": negative or None, "expand": expand or None,
    }  # fmt: skip
    changes = {name: value for name, value in typed.items() if value is not None}
    asked = endpoint_of(endpoint, writer)
    timeline = _present(home, file, undo=undo, redo=redo, seed=seed, changes=changes, asked=asked)
    target = out or (file.with_suffix(".mp4") if file else home.folder.parent / "film.mp4")
    check_target(target, fps=8, frames=2)
    spare(target, files_of(timeline))
    with resumable(target, None, again=onward(), quiet=quiet):
        from kinora.timeline.filmmaker import filmmaker

        with reporting(as_json=as_json, quiet=quiet) as on_progress:
            dreamer = filmmaker(model).pushing(timeline.negative, guidance=timeline.guidance)
            dreamer = From(lora, step_cache, compiled, attention, quantise).put_on(dreamer)
            made = _made(
                timeline, home, target,
                model=dreamer, tries=tries if verify else 0, words=not no_metadata,
                on_progress=on_progress,
            )  # fmt: skip
    for line in (*made.notes, *made.measured.lines()):
        note(f"Note: {line}", quiet=quiet)
    items = [{"id": name, "frames": count} for name, count in made.frames.items()]
    told: dict[str, Any] = {"file": str(target), "timeline": str(home.document), "items": items}
    told |= {"notes": list(made.notes), "measured": made.measured.model_dump(mode="json")}
    show(told, as_json=as_json, text=str(target))


def onward() -> list[str]:
    """The words that go on: an undo that was made is not made once more, its timeline is the present one."""
    return [word for word in sys.argv[1:] if word not in BACK]


def _made(
    timeline: "Timeline",
    home: "Project",
    target: Path,
    *,
    model: "FilmModel",
    tries: int,
    words: bool,
    on_progress: "OnProgress",
) -> "Made":
    """The film as files; if it is watched, of the best takes, which become the project's timeline."""
    from kinora.timeline.studio import make_film

    if not tries:
        return make_film(timeline, home, target, model=model, words=words, on_progress=on_progress)
    from kinora.caption.judge import load_judge
    from kinora.evaluate.shots import verified_timeline
    from kinora.evaluate.takes import for_sidecar

    chosen, ledger = verified_timeline(
        timeline, home, model=model, judge=load_judge(), tries=tries, on_progress=on_progress
    )
    home.change(chosen)
    made = make_film(
        chosen, home, target,
        model=model, options=for_sidecar(ledger, tries=tries), words=words, on_progress=on_progress,
    )  # fmt: skip
    return replace(made, notes=(*made.notes, *ledger.lines()))


def _present(
    home: "Project",
    file: Path | None,
    *,
    undo: bool,
    redo: bool,
    seed: int | None,
    changes: Mapping[str, Any],
    asked: "Endpoint | None",
) -> "Timeline":
    """The timeline to render: of the file, or the project's own after an undo or redo; with what was typed."""
    from kinora.media.probe import probe
    from kinora.timeline.opening import files_of

    def changed(timeline: "Timeline") -> "Timeline":
        new = _changed(timeline, changes)
        return new if asked is None else _written(new, home, asked)

    if undo and redo:
        raise UsageError("--undo and --redo go opposite ways", remedy="Give one of them")
    if file is not None:
        if undo or redo:
            raise UsageError(
                f"--{'undo' if undo else 'redo'} goes through the project's own timelines",
                remedy=f"Leave {file} away",
            )
        new = _read(file, seed)
        for each in files_of(new):  # what cannot be read must not become the project's
            probe(each)
        return home.change(changed(new)).present
    if seed is not None:
        raise _no_seed("the project's timeline")
    history = home.history()
    if undo or redo:
        history = history.undo() if undo else history.redo()
    new = changed(history.present)
    home.store(history)  # only now: an endpoint that fails has undone nothing
    return home.change(new).present


def _written(timeline: "Timeline", home: "Project", endpoint: "Endpoint") -> "Timeline":
    """The timeline with its prompts as the endpoint writes them, or wrote them the last time."""
    from kinora.timeline.studio import written_out

    known = home.history().present.written if home.document.exists() else {}
    return written_out(timeline, home, endpoint, known={**known, **timeline.written})


def _changed(timeline: "Timeline", changes: Mapping[str, Any]) -> "Timeline":
    from kinora.core.config import settle

    return settle(type(timeline), {**timeline.model_dump(), **changes})


def _read(file: Path, seed: int | None) -> "Timeline":
    """The timeline that a file tells, by its suffix."""
    from kinora.timeline.interchange import read_otio
    from kinora.timeline.storyboard import read_board

    match file.suffix.lower():
        case ".toml":
            board = read_board(file)
            return (board if seed is None else board.model_copy(update={"seed": seed})).timeline()
        case ".otio":
            if seed is not None:
                raise _no_seed(str(file))
            return read_otio(file)
        case _:
            raise UsageError(
                f"{file} is no storyboard",
                why="a storyboard in TOML (.toml) and an OpenTimelineIO timeline (.otio) can be read",
            )


def _no_seed(what: str) -> UsageError:
    return UsageError(
        f"every shot of {what} has a seed already",
        remedy="Leave away --seed, or name a storyboard in TOML",
    )
