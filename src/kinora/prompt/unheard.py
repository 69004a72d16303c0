"""Words that a model does not understand. In: a model, such words. Out: what to tell of them."""

from collections.abc import Iterable

from kinora.denoise.model import FilmModel
from kinora.prompt.vocabulary import Unknown, load_vocabulary


def unheard(model: FilmModel, words: Iterable[str]) -> tuple[str, ...]:
    """A line for each word with what may have been meant, and behind them one with the things that are known.

    Args:
        model: has the last word on what it knows: it may have learnt less than the world holds.
        words: what it does not understand.
    """
    table = load_vocabulary()
    near = {word: table.suggest(word) for word in dict.fromkeys(words)}
    if not near:
        return ()
    asked = (*table.kinds, *(each for many in near.values() for each in many))
    strange = set(model.read(asked).not_understood)
    lines = [
        Unknown(word, tuple(each for each in many if each not in strange)).line()
        for word, many in near.items()
    ]
    things = ", ".join(kind for kind in table.kinds if kind not in strange)
    return (*lines, f"things this model knows: {things}") if things else tuple(lines)
