"""From a typed prompt to what a model hears. In: a prompt. Out: its expansion, and the cast it calls."""

from kinora.denoise.condition import Condition
from kinora.denoise.model import FilmModel
from kinora.media.sidecar import Shot
from kinora.prompt.expand import expand as write_out
from kinora.timeline.characters import Cast, reference
from kinora.timeline.project import project


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
