"""The same prompt in other words. In: a promise. Out: the promise with every word it can be told by another."""

from kinora.evaluate.promise import Promise
from kinora.world.vocabulary import PARTICIPLES, SYNONYMS

OTHERWISE = {
    word: others[0] for word, others in SYNONYMS.items() if others and word not in PARTICIPLES
}
"""Word -> the first of its synonyms; verbs stay, for a clause needs theirs in the right form."""


def in_other_words(promise: Promise) -> Promise:
    """The promise whose prompt names things, colours, grounds and lights by synonyms; its facts stay."""
    said: list[str] = []
    for word in promise.prompt.split():
        bare = word.rstrip(",.")
        said.append(OTHERWISE.get(bare, bare) + word[len(bare) :])
    for at, word in enumerate(said[:-1]):
        if word in ("a", "an"):
            said[at] = "an" if said[at + 1][0] in "aeiou" else "a"
    return promise.model_copy(update={"prompt": " ".join(said)})
