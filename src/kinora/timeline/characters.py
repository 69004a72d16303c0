"""The cast. In: a name, a picture or clip. Out: somebody who looks the same whenever the name is used.

On the Canvas: reference frames with a place outside time, at 0. Pictures are stored, not latents, so
that any model and any size of film can look at them.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.config import Config
from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.denoise.condition import Reference
from kinora.denoise.model import FilmModel
from kinora.media.atomic import unfinished, write_bytes
from kinora.media.image import save_still
from kinora.media.read import read
from kinora.prompt.names import mentioned, spoken
from kinora.prompt.vocabulary import SILENT, load_vocabulary
from kinora.timeline.source import conform

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


class Card(Config):
    """What is written beside a character's picture: its name, and the words a model has for it."""

    name: str
    words: str


@dataclass(frozen=True, eq=False)
class Character:
    """Somebody.

    Args:
        name: as used in prompts.
        words: what stands in the prompt instead, such as `small momo with a red hat`; nothing leaves
            the name there.
        picture: one frame.
    """

    name: str
    words: str
    picture: Clip

    @property
    def digest(self) -> str:
        """The hash of the picture."""
        return hashlib.sha256(self.picture.frames.tobytes()).hexdigest()

    def latents(self, model: FilmModel, *, height: int, width: int) -> Tensor:
        """`[1 c h w]` for a film of this size; raises `UnsupportedError` if the model looks at none."""
        if not model.capabilities.references:
            raise UnsupportedError(
                f"{model.name} knows no characters",
                why="it was not trained to look at pictures outside the film",
                remedy=f"Say '{self.words or 'what it is'}' instead of {self.name}",
            )
        still, _ = conform(model, self.picture, size=(height, width))
        return model.encode(still).cpu()


Called = tuple[str, tuple[Character, ...]]
"""A prompt with words for names, and everybody it names, in order of appearance."""


class Callers(Protocol):
    """Whoever knows the characters that prompts may name."""

    def cast(self, prompt: str) -> Called:
        """The prompt with words for names, and everybody it names."""
        ...


@dataclass(frozen=True, eq=False)
class Company:
    """Characters at hand."""

    members: tuple[Character, ...]

    def cast(self, prompt: str) -> Called:
        """The prompt with words for names, and everybody it names, in order of appearance."""
        known = {each.name: each for each in self.members}
        found = tuple(known[name] for name in mentioned(prompt, known))
        return spoken(prompt, {each.name: each.words for each in found}), found


@dataclass(frozen=True)
class Cast:
    """Characters in a folder, one folder each."""

    folder: Path

    def add(self, name: str, picture: Clip, *, words: str) -> Character:
        """Store a character; the middle frame of a clip is its picture.

        Raises:
            UsageError: the name is not one, is a word the film needs, or is taken.
        """
        if not words.strip():
            raise UsageError(f"nothing says what {name} is", remedy='Try --words "small red momo"')
        if not NAME.fullmatch(name):
            raise UsageError(f"'{name}' is not a name", remedy="Use letters and digits, as in mia")
        if name.lower() in SILENT or load_vocabulary().meaning(name.lower()) is not None:
            raise UsageError(
                f"{name} is a word that films are described with",
                why="every prompt that says it would speak of the character",
                remedy="Choose a name that means nothing else, as mia",
            )
        if name.lower() in {each.lower() for each in self.names()}:
            raise UsageError(f"there is a {name} already", remedy=f"kinora character remove {name}")
        middle = len(picture) // 2
        still = Clip(picture.frames[middle : middle + 1], picture.fps)
        home = self.folder / name
        home.mkdir(parents=True)
        with unfinished(home / "picture.png") as part:
            save_still(part, still.frames[0], kind="PNG")
        card = Card(name=name, words=words)
        write_bytes(home / "card.json", (card.model_dump_json(indent=2) + "\n").encode())
        return Character(name, words, still)

    def get(self, name: str) -> Character:
        """The character of this name, or `NotFoundError`."""
        home = self.folder / name
        try:
            card = Card.model_validate_json((home / "card.json").read_bytes())
        except (OSError, ValueError) as error:
            known = ", ".join(self.names()) or "nobody"
            raise NotFoundError(
                f"there is no character {name}", remedy=f"The cast is: {known}"
            ) from error
        return Character(card.name, card.words, read(home / "picture.png").clip)

    def names(self) -> tuple[str, ...]:
        """Everybody, in alphabetical order."""
        return tuple(sorted(path.parent.name for path in self.folder.glob("*/card.json")))

    def remove(self, name: str) -> None:
        """Forget a character, or `NotFoundError`."""
        if name not in self.names():
            self.get(name)
        for file in (self.folder / name).iterdir():
            file.unlink()
        (self.folder / name).rmdir()

    def cast(self, prompt: str) -> Called:
        """The prompt with words for names, and everybody it names, in order of appearance."""
        found = tuple(self.get(name) for name in mentioned(prompt, self.names()))
        return Company(found).cast(prompt)


def reference(
    model: FilmModel, characters: tuple[Character, ...], *, height: int, width: int
) -> tuple[Reference, ...]:
    """The condition that lets a film of this size look at the characters; none for nobody."""
    if not characters:
        return ()
    made = [each.latents(model, height=height, width=width) for each in characters]
    return (Reference(torch.cat(made)),)


def portrait(frame: Frames, *, box: tuple[int, int, int, int]) -> Clip:
    """A part of a frame `[h w 3]` as a picture: left, top, width, height in pixels."""
    left, top, width, height = box
    part = frame[max(0, top) : top + height, max(0, left) : left + width]
    if not part.size:
        raise UsageError("the box lies outside the picture")
    return Clip(np.ascontiguousarray(part)[None], 1.0)
