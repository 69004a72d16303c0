"""A scene in words, at three lengths. In: a scene. Out: tags, a sentence, a director's paragraph.

Lower case, commas and full stops only; says nothing that the frames do not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinora.core.seed import numpy_generator
from kinora.world.scene import Scene, Thing
from kinora.world.vocabulary import SYNONYMS

Rng = np.random.Generator


@dataclass(frozen=True)
class Captions:
    """The same scene told three times: tag-like, in one sentence, in two to four sentences."""

    tags: str
    sentence: str
    paragraph: str


def caption(scene: Scene) -> Captions:
    """Words for the scene; the same scene is always told the same way."""
    rng = numpy_generator(scene.seed, "world", "caption")
    return Captions(
        tags=_tags(rng, scene), sentence=_sentence(rng, scene), paragraph=_paragraph(rng, scene)
    )


def say(rng: Rng, word: str) -> str:
    """The word itself, or now and then one that means the same."""
    others = SYNONYMS.get(word, ())
    return others[int(rng.integers(len(others)))] if others and rng.random() < 0.3 else word


def article(phrase: str) -> str:
    """The phrase after `a` or `an`."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def noun(rng: Rng, thing: Thing, *, size: float, finish: float) -> str:
    """The thing with its adjectives; size and finish are said this often."""
    words = [say(rng, thing.size)] if rng.random() < size else []
    words += [say(rng, thing.finish)] if rng.random() < finish else []
    words += [say(rng, thing.colour)] if thing.kind != "cookie" else []
    words.append(say(rng, thing.kind))
    phrase = " ".join(words)
    return f"{phrase} with {article(say(rng, thing.hat))} hat" if thing.hat else phrase


def _one(rng: Rng, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def where(rng: Rng, ground: str) -> str:
    """The ground after its preposition's article, as in `on the grass`."""
    word = say(rng, ground)
    if word in ("meadow", "lawn", "beach"):
        return f"{_one(rng, ('a', 'the'))} {word}"
    if word in ("wood", "stone"):
        return _one(rng, (word, f"a {word} floor", f"the {word} floor"))
    return _one(rng, (word, f"the {word}"))


def when(rng: Rng, light: str) -> str:
    """The time of day with its preposition."""
    return f"at {say(rng, light)}"


def _tags(rng: Rng, scene: Scene) -> str:
    things = [noun(rng, thing, size=0.3, finish=0.2) for thing in scene.things]
    stances = ["in the air"] if any(t.stance == "hangs" for t in scene.things[:1]) else []
    return ", ".join([*things, *stances, say(rng, scene.ground), say(rng, scene.light)])


def _sentence(rng: Rng, scene: Scene) -> str:
    first, *others = scene.things
    subject = article(noun(rng, first, size=0.35, finish=0.2))
    rest = [article(noun(rng, thing, size=0.25, finish=0.15)) for thing in others]
    relation = _relation(rng, first, others[0]) if len(others) == 1 else "and"
    phrase = " ".join([subject, *(f"{relation} {other}" for other in rest)])
    if len(others) != 1 or relation == "and":
        phrase = _listed([subject, *rest])
    over = "in the air over" if all(t.stance == "hangs" for t in scene.things) else "on"
    tail = f"{over} {where(rng, scene.ground)} {when(rng, scene.light)}"
    return f"{phrase} {tail}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _relation(rng: Rng, first: Thing, other: Thing) -> str:
    side = "left" if first.position[0] < other.position[0] else "right"
    return _one(rng, ("and", "next to", f"to the {side} of", f"{side} of", "beside"))


def _paragraph(rng: Rng, scene: Scene) -> str:
    parts = []
    for index, thing in enumerate(scene.things):
        name = article(noun(rng, thing, size=1.0, finish=1.0))
        verb = {"stands": "stands", "lies": "lies", "hangs": "hangs in the air over"}[thing.stance]
        spot = f" {verb}" if thing.stance == "hangs" else f" {verb} on"
        ground = where(rng, scene.ground) if index == 0 else "the ground"
        parts.append(f"{name}{spot} {ground}.")
    if len(scene.things) == 2:
        first, other = scene.things
        side = "left" if first.position[0] < other.position[0] else "right"
        parts[1] = parts[1][:-1] + f", and the {say(rng, first.kind)} is on the {side}."
    light = _one(rng, ("it is {}.", "the light is that of {}."))
    return " ".join([*parts, light.format(say(rng, scene.light)), "the camera is still."])
