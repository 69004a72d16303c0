"""`kinora storyboard FILE`. In: cards in TOML. Out: the film, its timeline, and every shot kept for later."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kinora.cli.options import Json, Model, Out, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.cli.unfinished import resumable
from kinora.core.errors import UsageError


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
    out: Out = None,
    model: Model = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a film from cards; only what changed since the last time is dreamt."""
    from kinora.timeline.project import project

    home = project(file.parent if file else None)
    timeline = _present(home, file, undo=undo, redo=redo, expand=expand)
    target = out or (file.with_suffix(".mp4") if file else home.folder.parent / "film.mp4")
    # An undo that was made is not made once more: what goes on renders the present timeline.
    words = ["storyboard", *([str(file)] if file else []), "--out", str(target)]
    words += ["--model", model] if model else []
    words += ["--expand"] if expand else []
    with resumable(target, None, again=words, quiet=quiet):
        from kinora.generate import load
        from kinora.models.store import DEFAULT
        from kinora.timeline.studio import make_film

        with reporting(as_json=as_json, quiet=quiet) as on_progress:
            dreamer = load(model or DEFAULT)
            made = make_film(timeline, home, target, model=dreamer, on_progress=on_progress)
    for line in made.notes:
        note(f"Note: {line}", quiet=quiet)
    items = [{"id": name, "frames": count} for name, count in made.frames.items()]
    show({"file": str(target), "timeline": str(home.document), "items": items},
         as_json=as_json, text=str(target))  # fmt: skip


def _present(home: Any, file: Path | None, *, undo: bool, redo: bool, expand: bool) -> Any:
    """The timeline to render: of the file, or the project's own after an undo or redo."""
    if undo and redo:
        raise UsageError("--undo and --redo go opposite ways", remedy="Give one of them")
    if file is not None:
        if undo or redo:
            raise UsageError(
                f"--{'undo' if undo else 'redo'} goes through the project's own timelines",
                remedy=f"Leave {file} away",
            )
        new = _read(file)
        return home.change(new.model_copy(update={"expand": expand or new.expand})).present
    history = home.history()
    if undo or redo:
        history = history.undo() if undo else history.redo()
        home.store(history)
    present = history.present
    if expand and not present.expand:
        return home.change(present.model_copy(update={"expand": True})).present
    return present


def _read(file: Path) -> Any:
    """The timeline that a file tells, by its suffix."""
    from kinora.timeline.interchange import read_otio
    from kinora.timeline.storyboard import read_board

    match file.suffix.lower():
        case ".toml":
            return read_board(file).timeline()
        case ".otio":
            return read_otio(file)
        case _:
            raise UsageError(
                f"{file} is no storyboard",
                why="a storyboard in TOML (.toml) and an OpenTimelineIO timeline (.otio) can be read",
            )
