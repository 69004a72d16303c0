"""A job's order, written once and never changed. In: a checked request. Out: JSON in a row, and back."""

from typing import Literal

from pydantic import Field, JsonValue

from kinora.core.config import Config

Kind = Literal[
    "create", "animate", "storyboard", "remix", "edit", "extension", "loop", "blend", "retake",
    "change", "outpaint", "recut", "angles",
]  # fmt: skip
SETTLED = frozenset(
    ("create", "animate", "remix", "edit", "extension", "retake", "change", "outpaint", "angles")
)
"""Kinds whose length is settled when they are asked for; of the others the result decides."""


class Card(Config):
    """A shot of a storyboard: what is seen in the part of the film that begins at `start` seconds.

    Args:
        prompt: as it was sent.
        start: seconds.
        expansion: what the model hears in its place, if it was written out.
    """

    prompt: str
    start: float = 0.0
    expansion: str = ""


class Picture(Config):
    """A picture that the film shows at `seconds`: `key` of its pixels in the store."""

    key: str
    seconds: float = 0.0


class Source(Config):
    """The film an edit goes on from: `key` of its latents, or of its pixels if it was uploaded.

    Args:
        key: where it lies in the store.
        kind: what lies there.
        seconds: how long the film is, as delivered.
    """

    key: str
    kind: Literal["latents", "pixels"]
    seconds: float


class Role(Config):
    """A character: its name in the prompts, and the words that a model hears for it, if there are any."""

    name: str
    words: str = ""


class Wish(Config):
    """What is to be made, every size and the seed settled.

    Args:
        kind: which act.
        cards: the shots; one for a film without a storyboard.
        seconds: duration of the delivered film; the stitched total of an extension.
        height, width: delivered pixels.
        made_height, made_width: pixels the model makes; cut or enlarged to the former.
        fps: delivered frames a second; None is the model's own rate.
        seed: of the noise.
        steps, guidance: None is what the model likes.
        negative: what to push away from.
        options: values of the studio's verb, by its own names.
        pictures: what is held at which time; for a storyboard what cards begin with; or a mask.
        sources: what an edit goes on from, in order; for a storyboard what cards begin with.
        characters: keys of the pixels of each character.
        cast: who they are, in the same order.
        tries: how often a window is dreamt at most if it breaks its words; 0 does not look.
        mark: whether a visible mark is asked for.
        metadata: whether the prompt may travel in the file.
    """

    kind: Kind = "create"
    cards: tuple[Card, ...] = Field(min_length=1)
    seconds: float
    height: int
    width: int
    made_height: int
    made_width: int
    fps: float | None = None
    seed: int
    steps: int | None = None
    guidance: float | None = None
    negative: str = ""
    options: dict[str, JsonValue] = Field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    sources: tuple[Source, ...] = ()
    characters: tuple[str, ...] = ()
    cast: tuple[Role, ...] = ()
    tries: int = 0
    mark: bool = False
    metadata: bool = True

    @property
    def prompt(self) -> str:
        """The words of all shots."""
        return "\n".join(card.prompt for card in self.cards)

    @property
    def expansion(self) -> str | None:
        """The words of all shots as they were written out; None if none was."""
        if not any(card.expansion for card in self.cards):
            return None
        return "\n".join(card.expansion or card.prompt for card in self.cards)
