"""Random wishes for the benchmarks. In: a seed and a count. Out: prompts in the director's words."""

import numpy as np

from kinora.core.seed import numpy_generator
from kinora.prompt.expand import expand
from kinora.prompt.vocabulary import Vocabulary, load_vocabulary

DEEDS = (
    "rolls to the left",
    "rolls to the right",
    "bounces up and down",
    "slides to the right",
    "spins around",
)


def wishes(count: int, *, seed: int, things: int = 2) -> list[str]:
    """`count` prompts with one to `things` things each; the same for the same seed."""
    words = load_vocabulary()
    generator = numpy_generator(seed, "benchmark", "wishes")
    return [_wish(generator, words, things) for _ in range(count)]


def _wish(generator: np.random.Generator, words: Vocabulary, things: int) -> str:
    def one(choices: tuple[str, ...]) -> str:
        return choices[int(generator.integers(len(choices)))]

    kinds, colours = words.kinds[:6], words.colours[:7]
    count = int(generator.integers(1, things + 1))
    named = [f"a {colour} {one(kinds)}" for colour in generator.permutation(colours)[:count]]
    return expand(
        f"{named[0]} {one(DEEDS)}, {' and '.join(named[1:])} on {one(words.grounds)} at noon"
    ).text
