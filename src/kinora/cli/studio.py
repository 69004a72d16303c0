"""What the verbs of the studio share. In: files and an edit. Out: the edited film beside them, and a line."""

import secrets
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.core.errors import UsageError

if TYPE_CHECKING:
    from kinora.core.clip import Clip
    from kinora.core.progress import OnProgress
    from kinora.denoise.model import FilmModel
    from kinora.generate import Film
    from kinora.timeline.edit import Edit
    from kinora.timeline.source import Source

    Make: TypeAlias = Callable[[FilmModel, list[Source], Any, OnProgress], Film | tuple[Film, ...]]

File = Annotated[Path, typer.Argument(help="A film of ours, or any video or image.")]
Words = Annotated[
    str | None, typer.Option("--prompt", help="New words.", show_default="those of the film")
]
Negative = Annotated[str, typer.Option(help="What to stay away from.")]
Steps = Annotated[
    int | None, typer.Option(min=1, help="Solver steps: more is finer.", show_default="20")
]
Model = Annotated[
    str | None,
    typer.Option(help="A shipped model's name, or a folder.", show_default="kinora-tiny"),
]
SEEDS = 2**31


def drawn(seed: int | None) -> int:
    """The seed that was typed, or a new one."""
    return secrets.randbelow(SEEDS) if seed is None else seed


def edited(
    verb: str,
    files: Sequence[Path],
    wish: "Edit",
    make: "Make",
    *,
    seed: int,
    out: Path | None,
    model: str | None,
    words: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Open the files, make the edit, deliver the film or films, say where they are.

    Args:
        verb: for the sidecar and the default name.
        files: what is edited; each brings its latents if they lie beside it.
        wish: the edit's values; characters that its words name are looked at.
        make: the edit.
        seed: as drawn or typed, for the command that goes on after Ctrl-C.
        out: where to write; beside the first file by default.
        model: a name or folder.
        words: False leaves prompts and options out of what is written.
        quiet, as_json: how to tell.
    """
    from kinora.generate import load
    from kinora.media.sidecar import Parent, sha256
    from kinora.media.target import check_target
    from kinora.models import DEFAULT
    from kinora.timeline.deliver import deliver, sidecar_of
    from kinora.timeline.direct import called
    from kinora.timeline.source import source

    target = out or files[0].with_name(f"{files[0].stem}-{verb}-{seed}.mp4")
    check_target(target, fps=8, frames=2)
    parents = tuple(Parent(file=str(file), sha256=sha256(file)) for file in files)
    told, options = [], wish.model_dump(mode="json")
    with resumable(seed, quiet=quiet), reporting(as_json=as_json, quiet=quiet) as on_progress:
        bundle = load(model or DEFAULT)
        given = [source(bundle, opened(file, quiet=quiet)) for file in files]
        heard, given = called(bundle, wish, given)
        made = make(bundle, given, heard, on_progress)
        films = made if isinstance(made, tuple) else (made,)
        for number, film in enumerate(films):
            place = target.with_stem(f"{target.stem}-{number + 1}") if len(films) > 1 else target
            sidecar = sidecar_of(film, bundle, verb=verb, options=options, parents=parents)
            deliver(film, sidecar, place, words=words, on_progress=on_progress)
            told.append({"file": str(place), "seed": seed, "notes": list(film.notes)})
    for line in dict.fromkeys(line for each in told for line in each["notes"]):  # type: ignore[attr-defined]
        note(f"Note: {line}", quiet=quiet)
    show({"films": told}, as_json=as_json, text="\n".join(str(each["file"]) for each in told))


def opened(file: Path, *, quiet: bool = False) -> "Film | Clip":
    """The film that a file was delivered from, or its frames alone."""
    from kinora.core.errors import NotFoundError
    from kinora.media.read import read
    from kinora.timeline.deliver import recall

    clip = read(file).clip
    try:
        film = recall(file, clip)
    except NotFoundError:
        film = None
    if film is None:
        note(f"Note: {file} has no latents beside it: its frames are encoded", quiet=quiet)
    return film or clip


class resumable:  # noqa: N801
    """On Ctrl-C, print the command that makes the same film, with the seed that had been drawn."""

    def __init__(self, seed: int, *, quiet: bool = False) -> None:
        self._seed, self._quiet = seed, quiet

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Tell, and let the interrupt go on."""
        if kind is KeyboardInterrupt:
            typed = ["kinora", *sys.argv[1:]]
            seeded = typed if "--seed" in typed else [*typed, "--seed", str(self._seed)]
            note(f"Stopped. To go on: {shlex.join(seeded)}", quiet=self._quiet)


def numbers(text: str, *, count: int, name: str) -> tuple[int, ...]:
    """`"1,2,3"` as whole numbers, exactly `count` of them (any number if it is 0)."""
    parts = text.split(",")
    if not all(part.strip().lstrip("-").isdigit() for part in parts) or len(parts) != (
        count or len(parts)
    ):
        raise UsageError(f"--{name} {text} is not {count or 'a list of'} whole numbers with commas")
    return tuple(int(part) for part in parts)
