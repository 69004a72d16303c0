"""From a typed prompt to what a model hears. In: a prompt. Out: its expansion, and the cast it calls."""

from typing import TypeVar

import torch

from kinora.denoise.condition import Condition
from kinora.denoise.model import FilmModel
from kinora.media.sidecar import Shot
from kinora.prompt.expand import expand as write_out
from kinora.timeline.characters import Cast, Character, reference
from kinora.timeline.edit import Edit
from kinora.timeline.project import project
from kinora.timeline.source import Source, with_references

E = TypeVar("E", bound=Edit)


def directed(
    prompt: str, model: FilmModel, *, height: int, width: int, expand: bool = False
) -> tuple[Shot, tuple[Condition, ...]]:
    """The prompt as typed and as the model hears it, and references to the characters it names.

    Args:
        prompt: as typed; names of the project's characters become words for them.
        model: looks at the characters.
        height, width: of the film, in pixels.
        expand: write the prompt out as a director's paragraph.

    Raises:
        UsageError: there is nothing to expand.
        UnsupportedError: a character is named and the model knows none.
    """
    named, characters = Cast(project().characters).cast(prompt)
    heard = write_out(named).text if expand else named
    stride = model.stride
    conditions = reference(
        model, characters, height=stride.snap_side(height), width=stride.snap_side(width)
    )
    return Shot(prompt=prompt, expansion=heard if heard != prompt else ""), conditions


def called(model: FilmModel, edit: E, given: list[Source]) -> tuple[E, list[Source]]:
    """The edit with words for the names of characters, and sources that look at these characters.

    Raises:
        UnsupportedError: a character is named and the model knows none.
    """
    if edit.prompt is None:
        return edit, given
    heard, characters = Cast(project().characters).cast(edit.prompt)
    if not characters:
        return edit, given
    size = (getattr(edit, "height", None), getattr(edit, "width", None))
    seeing = [_seeing(model, each, characters, size) for each in given]
    return edit.model_copy(update={"prompt": heard}), seeing


def _seeing(
    model: FilmModel,
    given: Source,
    characters: tuple[Character, ...],
    size: tuple[int | None, int | None],
) -> Source:
    """The source with references as large as the film that will be made."""
    height = model.stride.snap_side(size[0] or given.clip.height)
    width = model.stride.snap_side(size[1] or given.clip.width)
    seen = [each.latents(model, height=height, width=width) for each in characters]
    return with_references(given, torch.cat(seen))
