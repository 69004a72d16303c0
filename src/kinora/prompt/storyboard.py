"""A story into shots. In: a few sentences. Out: one timed shot for each, in the director's words.

What one sentence establishes holds for the next: things keep their looks, the place and the light stay.
"""

from dataclasses import dataclass, replace

from kinora.core.errors import UsageError
from kinora.core.view import VIEWS
from kinora.prompt.expand import complete
from kinora.prompt.facts import Facts, tell, understand
from kinora.prompt.vocabulary import Unknown, Vocabulary, load_vocabulary, split

SHORTEST, LONGEST = 2.0, 8.0
CUTS = (
    "cut",
    "meanwhile",
    "later",
    "suddenly",
    "next",
    "from above",
    "from the left",
    "from the right",
)
"""Words at which the view changes."""


@dataclass(frozen=True)
class Shot:
    """One shot of a story.

    Args:
        prompt: the director's paragraph.
        seconds: how long it is.
        view: which camera.
        enter: `cut` to it, or `flow` on from the shot before.
    """

    prompt: str
    seconds: float
    view: int = 0
    enter: str = "flow"


@dataclass(frozen=True)
class Story:
    """The shots of a story, and its words that are not understood."""

    shots: tuple[Shot, ...]
    unknown: tuple[Unknown, ...]


def storyboard(
    story: str, *, seconds: float | None = None, vocabulary: Vocabulary | None = None
) -> Story:
    """One shot for every sentence.

    Args:
        story: sentences that end in full stops.
        seconds: of the whole film; by default every shot is as long as what happens in it needs.
        vocabulary: the model's words; those of the simulated world by default.

    Raises:
        UsageError: the story names nothing that can be filmed.
    """
    words = vocabulary or load_vocabulary()
    told: list[Shot] = []
    facts: Facts | None = None
    view = 0
    for sentence in (part.strip() for part in story.replace("!", ".").split(".")):
        if not sentence:
            continue
        facts = _follow(sentence, words, facts)
        if not facts.things:
            continue
        cuts = bool(told) and _cuts(sentence)
        view = (view + cuts) % len(VIEWS)
        enter = "cut" if cuts or not told else "flow"
        told.append(Shot(tell(facts, words), _length(facts), view, enter))
    if not told:
        raise UsageError(
            "the story names nothing that can be filmed",
            remedy=f"Say who is in it: {', '.join(words.kinds)}",
        )
    lost = tuple(each for each in words.unknown(story) if each.word not in CUTS)
    return Story(_paced(told, seconds), lost)


def _cuts(sentence: str) -> bool:
    """Whether a sentence says, in words of their own, that the view changes."""
    heard = f" {' '.join(split(sentence))} "
    return any(f" {word} " in heard for word in CUTS)


def _follow(sentence: str, words: Vocabulary, before: Facts | None) -> Facts:
    """The sentence's facts with all that still holds; only its own deeds and camera are told."""
    facts = understand(sentence, words, before=before)
    return complete(facts, words)


def _length(facts: Facts) -> float:
    """Two seconds to see who is there, and one and a half for everything that happens."""
    return min(LONGEST, SHORTEST + 1.5 * len(facts.deeds))


def _paced(shots: list[Shot], seconds: float | None) -> tuple[Shot, ...]:
    scale = 1.0 if seconds is None else seconds / sum(shot.seconds for shot in shots)
    return tuple(replace(shot, seconds=shot.seconds * scale) for shot in shots)
