"""`kinora expand WISH`. In: a few words, or a story. Out: a director's paragraph, or a storyboard file."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.director import WRITER, Address, Writer, endpoint_of
from kinora.cli.options import Json, Quiet
from kinora.cli.output import note, show
from kinora.core.errors import UsageError


def expand(
    wish: Annotated[str, typer.Argument(help="A short wish, or with --story a few sentences.")],
    *,
    story: Annotated[
        Path | None, typer.Option(help="Write the sentences as a storyboard to this TOML file.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Of the whole story.", show_default="what it needs")
    ] = None,
    endpoint: Address = None,
    writer: Writer = WRITER,
    vocabulary: Annotated[
        Path | None,
        typer.Option(help="A model's vocabulary.json.", show_default="the built-in one"),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Turn a short wish into the paragraph a director would write."""
    from kinora.media.atomic import write_bytes
    from kinora.prompt.expand import expand as make
    from kinora.prompt.storyboard import storyboard
    from kinora.prompt.vocabulary import load_vocabulary

    words = load_vocabulary(vocabulary)
    if story is not None:
        if endpoint is not None:
            raise UsageError("a story is told here, not at an endpoint", remedy="Leave one away")
        from kinora.timeline.storyboard import as_toml, board_of

        told = storyboard(wish, seconds=seconds, vocabulary=words)
        write_bytes(story, as_toml(board_of(told)).encode())
        unknown, result = told.unknown, {"file": str(story), "shots": len(told.shots)}
        text = f"{story}: {len(told.shots)} cards. Make the film with: kinora storyboard {story}"
    else:
        made = make(wish, vocabulary=words, endpoint=endpoint_of(endpoint, writer))
        unknown, text = made.unknown, made.text
        result = {"wish": wish, "text": made.text, "by": made.by}
    for each in unknown:
        note(f"Note: {each.line()}", quiet=quiet)
    show({**result, "unknown": [each.word for each in unknown]}, as_json=as_json, text=text)
