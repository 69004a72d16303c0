"""`kinora character`. In: a name, a picture. Out: somebody whom prompts may name."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json
from kinora.cli.output import show
from kinora.cli.studio import numbers

character = typer.Typer(
    help="Keep characters that look the same in every film.", no_args_is_help=True
)


@character.command()
def add(
    name: Annotated[str, typer.Argument(help="As used in prompts.")],
    *,
    origin: Annotated[Path, typer.Option("--from", help="A clip or an image that shows it.")],
    words: Annotated[
        str, typer.Option(help='What it is, in the model\'s words: "small momo with a red hat".')
    ] = "momo",
    box: Annotated[
        str | None, typer.Option(help="LEFT,TOP,WIDTH,HEIGHT: only this part of the picture.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Store a character."""
    from kinora.media.read import read
    from kinora.timeline.characters import Cast, portrait
    from kinora.timeline.project import project

    clip = read(origin).clip
    if box is not None:
        left, top, width, height = numbers(box, count=4, name="box")
        clip = portrait(clip.frames[len(clip) // 2], box=(left, top, width, height))
    folder = project().characters
    made = Cast(folder).add(name, clip, words=words)
    result = {"name": made.name, "words": made.words, "folder": str(folder / name)}
    show(result, as_json=as_json, text=f"{name}: {words}. Use the name in any prompt.")


@character.command(name="list")
def names(*, as_json: Json = False) -> None:
    """Name every character of the project."""
    from kinora.timeline.characters import Cast
    from kinora.timeline.project import project

    cast = Cast(project().characters)
    told = {name: cast.get(name).words for name in cast.names()}
    empty = "There is nobody yet. Add somebody with: kinora character add NAME --from FILE"
    show(told, as_json=as_json, text=None if told else empty)


@character.command(name="show")
def shown(
    name: Annotated[str, typer.Argument(help="Whom to show.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also write the picture to this PNG.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what a character is, and where its picture lies."""
    from kinora.media.write import save
    from kinora.timeline.characters import Cast
    from kinora.timeline.project import project

    folder = project().characters
    who = Cast(folder).get(name)
    picture = folder / who.name / "picture.png"
    if out is not None:
        save(who.picture, out)
    size = f"{who.picture.width}x{who.picture.height}"
    told = {"name": who.name, "words": who.words, "size": size, "picture": str(out or picture)}
    show(told, as_json=as_json)


@character.command()
def remove(name: Annotated[str, typer.Argument(help="Whom to forget.")]) -> None:
    """Forget a character."""
    from kinora.timeline.characters import Cast
    from kinora.timeline.project import project

    Cast(project().characters).remove(name)
