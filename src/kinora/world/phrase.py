"""Names of things, places and times. In: a thing, a ground, a light. Out: words for them."""

from collections.abc import Sequence

import numpy as np

from kinora.world.scene import Thing
from kinora.world.vocabulary import SYNONYMS

Rng = np.random.Generator


def one(rng: Rng, choices: Sequence[str]) -> str:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def say(rng: Rng, word: str) -> str:
    """The word itself, or now and then one that means the same."""
    others = SYNONYMS.get(word, ())
    return one(rng, others) if others and rng.random() < 0.3 else word


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


def short(rng: Rng, thing: Thing) -> str:
    """The thing when it is mentioned again: `the red ball`."""
    words = [] if thing.kind == "cookie" else [say(rng, thing.colour)]
    return " ".join(["the", *words, say(rng, thing.kind)])


def where(rng: Rng, ground: str) -> str:
    """The ground as it stands after `on`."""
    word = say(rng, ground)
    if word in ("meadow", "lawn", "beach"):
        return f"{one(rng, ('a', 'the'))} {word}"
    if word in ("wood", "stone"):
        return one(rng, (word, f"a {word} floor", f"the {word} floor"))
    return one(rng, (word, f"the {word}"))


def when(rng: Rng, light: str) -> str:
    """The time of day with its preposition."""
    return f"at {say(rng, light)}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
