"""The words a model was taught. In: a table beside the model. Out: one word for many.

Whoever knows the table knows what can be asked for; every other word is named, with suggestions.
"""

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from kinora.core.config import Config
from kinora.core.errors import NotFoundError

SILENT = frozenset({
    "a", "after", "all", "an", "and", "are", "as", "be", "beside", "by", "camera", "clip",
    "cut", "does", "film", "floor", "for", "four", "has", "hat", "he", "i", "is", "it", "its",
    "light", "me", "move", "moves", "near", "next", "no", "not", "of", "one", "picture",
    "scene", "see", "she", "show", "some", "that", "the", "their", "them", "then", "there",
    "they", "this", "three", "through", "to", "two", "until", "video", "view", "want", "was",
    "we", "wearing", "wears", "when", "while", "with",
})  # fmt: skip
"""Words that carry no thing of their own; nobody needs to be told that they were heard."""


class Vocabulary(Config):
    """The table, by kind of word.

    Args:
        kinds, colours, sizes, finishes: of things.
        grounds, lights: of scenes.
        verbs: what things do, and what follows when the wish says no more.
        moves: what the camera does, and the clause that says so.
        links: words that may stand between a verb and the next thing.
        same: word -> other words and forms that mean the same.
    """

    kinds: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    finishes: tuple[str, ...]
    grounds: tuple[str, ...]
    lights: tuple[str, ...]
    verbs: dict[str, str]
    moves: dict[str, str]
    links: tuple[str, ...]
    same: dict[str, tuple[str, ...]]

    @cached_property
    def meanings(self) -> dict[str, str]:
        """Every word that is understood -> the one word for it."""
        groups = (self.kinds, self.colours, self.sizes, self.finishes, self.grounds, self.lights)
        own = {word: word for group in (*groups, tuple(self.verbs), self.links) for word in group}
        plural = {f"{kind}s": kind for kind in self.kinds}
        others = {other: word for word, many in self.same.items() for other in many}
        return {**plural, **others, **own}

    def meaning(self, word: str) -> str | None:
        """The one word for `word`, or None if it is not understood."""
        found = self.meanings.get(word)
        if found is None and word.endswith("s"):
            return self.meanings.get(word[:-1])
        return found

    def suggest(self, word: str, *, count: int = 2) -> tuple[str, ...]:
        """Known words that are written alike, the nearest first."""
        near = difflib.get_close_matches(word, self.meanings, n=count, cutoff=0.7)
        return tuple(dict.fromkeys(self.meanings[each] for each in near))

    def unknown(self, text: str) -> tuple["Unknown", ...]:
        """The words of a text that are not understood, each once."""
        told = dict.fromkeys(split(text))
        lost = [w for w in told if w.isalpha() and w not in SILENT and self.meaning(w) is None]
        moved = {part for move in (*self.moves, *self.moves.values()) for part in split(move)}
        return tuple(Unknown(word, self.suggest(word)) for word in lost if word not in moved)


@dataclass(frozen=True)
class Unknown:
    """A word that is not understood, and what may have been meant."""

    word: str
    suggestions: tuple[str, ...]

    def line(self) -> str:
        """One sentence for the user."""
        hint = f"; did you mean {' or '.join(self.suggestions)}?" if self.suggestions else ""
        return f"'{self.word}' is not a word this model knows{hint}"


def split(text: str) -> list[str]:
    """Lower-case words, and full stops, commas and semicolons as words of their own."""
    return re.findall(r"[a-z']+|[.,;]", text.lower())


def load_vocabulary(file: Path | None = None) -> Vocabulary:
    """The table in a file, by default the one of the simulated world.

    Raises:
        NotFoundError: there is no such file, or it holds something else.
    """
    try:
        text = (
            files("kinora.prompt").joinpath("vocabulary.json").read_text()
            if file is None
            else file.read_text()
        )
        return Vocabulary.model_validate_json(text)
    except (OSError, ValidationError) as error:
        why = str(error).splitlines()[0]
        raise NotFoundError(f"cannot read the vocabulary {file}", why=why) from error
