"""From typed words to what a model hears. In: a prompt or an edit. Out: its expansion, and the cast it calls."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import torch
from pydantic import JsonValue
from torch import Tensor

from kinora.denoise.condition import Condition
from kinora.denoise.model import FilmModel
from kinora.denoise.resume import name_of, written_once
from kinora.media.sidecar import Shot
from kinora.open_weights.model import OpenModel
from kinora.prompt.endpoint import Endpoint
from kinora.prompt.expand import expand as write_out
from kinora.prompt.unheard import unheard
from kinora.timeline.characters import Callers, Cast, Character, reference
from kinora.timeline.document import Shot as DocumentShot
from kinora.timeline.document import Timeline
from kinora.timeline.edit import Edit
from kinora.timeline.project import project

E = TypeVar("E", bound=Edit)

SPOKEN = ("prompt", "what")
"""Fields of edits that hold words and may name characters."""


def directed(
    prompt: str,
    model: FilmModel,
    *,
    height: int,
    width: int,
    expand: bool = False,
    endpoint: Endpoint | None = None,
    wish: str | None = None,
) -> tuple[Shot, tuple[Condition, ...], dict[str, JsonValue]]:
    """The prompt as typed and as the model hears it, references to the characters it names, and who they are.

    Args:
        prompt: as typed; names of the project's characters become words for them.
        model: looks at the characters.
        height, width: of the film, in pixels.
        expand: write the prompt out as a director's paragraph.
        endpoint: who writes it, if not we.
        wish: what was typed before somebody wrote it out as `prompt`.

    Raises:
        UsageError: there is nothing to expand.
        KinoraError: the endpoint does not answer.
        UnsupportedError: a character is named and the model knows none.
    """
    named, characters = Cast(project().characters).cast(prompt)
    heard = _written(named, endpoint) if expand else named
    stride = model.stride
    conditions = reference(
        model, characters, height=stride.snap_side(height), width=stride.snap_side(width)
    )
    shot = both(prompt if wish is None else wish, heard)
    return shot, conditions, {each.name: each.digest for each in characters}


def said(
    shot: DocumentShot, timeline: Timeline, *, cast: Callers | None
) -> tuple[str, tuple[Character, ...]]:
    """What is heard for a shot of the timeline, with words for the names of characters, and everybody it names."""
    words, characters = called(shot, timeline, cast=cast)
    words = joined(words, timeline.seen.get(shot.id, ""))
    expand = timeline.expand and words and shot.prompt not in timeline.written
    return write_out(words).text if expand else words, characters


def called(
    shot: DocumentShot, timeline: Timeline, *, cast: Callers | None
) -> tuple[str, tuple[Character, ...]]:
    """As `said`, before anything is added or written out here."""
    named, characters = (shot.prompt, ()) if cast is None else cast.cast(shot.prompt)
    return timeline.written.get(shot.prompt, named), characters


def lines_of(timeline: Timeline, *, cast: Callers | None) -> dict[str, str]:
    """What is heard for every shot, by its name, in order."""
    return {shot.id: said(shot, timeline, cast=cast)[0] for shot in timeline.shots()}


def joined(words: str, more: str) -> str:
    """Words, and a sentence behind them."""
    return f"{words.rstrip(' .')}. {more}." if words.strip() and more else words or more


def heard(
    edit: E, *, cast: Cast, expand: bool = False, endpoint: Endpoint | None = None
) -> tuple[E, tuple[Character, ...]]:
    """The edit with words for the names of characters, and everybody it names.

    Args:
        edit: as typed.
        cast: who may be named.
        expand: write the prompt out as a director's paragraph.
        endpoint: who writes it, if not we.
    """
    found: dict[str, Character] = {}
    said: dict[str, Any] = {}
    for field in SPOKEN:
        words = getattr(edit, field, None)
        if words:
            said[field], named = cast.cast(words)
            found |= {each.name: each for each in named}
    if expand and "prompt" in said:
        said["prompt"] = _written(said["prompt"], endpoint)
    return edit.model_copy(update=said), tuple(found.values())


def _written(wish: str, endpoint: Endpoint | None) -> str:
    """The director's paragraph; an endpoint that was asked for the same film before is not asked again."""
    if endpoint is None:
        return write_out(wish).text
    name = name_of({"wish": wish, "endpoint": [endpoint.url, endpoint.model]})
    return written_once(name, lambda: write_out(wish, endpoint=endpoint).text)


def spoken(edit: Edit) -> tuple[str, ...]:
    """All words of an edit that a model hears or that name a character."""
    return tuple(words for field in SPOKEN if (words := getattr(edit, field, None)))


def noted(
    model: FilmModel, words: Iterable[str], cast: Iterable[str], *, expansion: str = ""
) -> tuple[str, ...]:
    """What a director wrote, the words that the model does not understand, and what is to be said of its weights.

    Args:
        model: what hears them.
        words: as typed.
        cast: names of characters, which are no words to it.
        expansion: what was written; empty if nothing was.
    """
    lines = (f"Expanded: {expansion}",) if expansion else ()
    said = [each for each in (*words, expansion) if each]
    # A published model takes any word, and reading it needs the largest of its networks.
    if isinstance(model, OpenModel):
        return (*lines, *model.notes)
    if not said:
        return lines
    names = {name.lower() for name in cast}
    unknown = model.read(said).not_understood
    return (*lines, *unheard(model, [word for word in unknown if word not in names]))


def both(typed: str, heard: str) -> Shot:
    """A prompt for a sidecar: as typed, and what was heard of it where that is something else."""
    return Shot(prompt=typed, expansion=heard if heard != typed else "")


def shots(prompts: tuple[str, ...], typed: Mapping[str, str]) -> tuple[Shot, ...]:
    """Prompts for a sidecar; `typed` has the words that were typed for those that became others."""
    return tuple(both(typed.get(each, each), each) for each in prompts)


def looks(
    model: FilmModel, characters: tuple[Character, ...], *, height: int, width: int
) -> Tensor | None:
    """`[n c h w]` latents of the characters for a film of this size, or None for nobody."""
    if not characters:
        return None
    made = [each.latents(model, height=height, width=width) for each in characters]
    return torch.cat(made)
