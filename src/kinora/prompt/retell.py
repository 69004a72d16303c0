"""The same scene with one thing more or less. In: a prompt, a thing in words. Out: a prompt."""

from collections.abc import Callable
from dataclasses import replace

from kinora.core.errors import UsageError
from kinora.prompt.facts import Deed, Facts, tell, understand
from kinora.prompt.vocabulary import Vocabulary, load_vocabulary


def with_thing(prompt: str, what: str, *, vocabulary: Vocabulary | None = None) -> str:
    """The prompt with the things and deeds of `what` in it."""
    words = vocabulary or load_vocabulary()
    old, new = understand(prompt, words), understand(what, words)
    first = len(old.things)
    deeds = tuple(_renumbered(deed, lambda i: i + first) for deed in new.deeds)
    return tell(
        replace(old, things=old.things + new.things, deeds=old.deeds + deeds), words
    ) or what  # fmt: skip


def without(prompt: str, what: str, *, vocabulary: Vocabulary | None = None) -> str:
    """The prompt without the things that `what` names, and without all that they did.

    Raises:
        UsageError: the prompt names no such thing.
    """
    words = vocabulary or load_vocabulary()
    old, gone = understand(prompt, words), understand(what, words)
    kept = [i for i, thing in enumerate(old.things) if not any(thing.fits(g) for g in gone.things)]
    if len(kept) == len(old.things):
        raise UsageError(
            f"there is no {what} in '{prompt}'", remedy="Say the whole scene with --prompt"
        )
    deeds = tuple(
        _renumbered(deed, kept.index)
        for deed in old.deeds
        if deed.actor in kept and (deed.target is None or deed.target in kept)
    )
    left = Facts(tuple(old.things[i] for i in kept), deeds, old.ground, old.light, old.move)
    return tell(left, words)


def _renumbered(deed: Deed, number: Callable[[int], int]) -> Deed:
    target = None if deed.target is None else number(deed.target)
    return replace(deed, actor=number(deed.actor), target=target)
