"""A short wish into a director's paragraph. In: a wish. Out: the paragraph, and what was not understood.

Built in and deterministic: what the wish leaves open gets the plainest answer. An endpoint that speaks
the OpenAI protocol may write the paragraph instead; it is shown, stored and can be edited.
"""

from dataclasses import dataclass, replace

from kinora.core.errors import UsageError
from kinora.prompt.endpoint import Endpoint, ask
from kinora.prompt.facts import Facts, Thing, tell, understand
from kinora.prompt.vocabulary import Unknown, Vocabulary, load_vocabulary


@dataclass(frozen=True)
class Expansion:
    """A wish and what was made of it.

    Args:
        wish: as typed.
        text: the paragraph.
        unknown: words of the wish that are not understood.
        by: who wrote the paragraph: `built in`, or the endpoint's model.
    """

    wish: str
    text: str
    unknown: tuple[Unknown, ...]
    by: str = "built in"


def expand(
    wish: str, *, vocabulary: Vocabulary | None = None, endpoint: Endpoint | None = None
) -> Expansion:
    """The director's paragraph for a wish.

    Args:
        wish: a few words.
        vocabulary: the model's words; those of the simulated world by default.
        endpoint: who writes it instead of the built-in expander.

    Raises:
        UsageError: the wish is empty or names nothing that the model knows.
        KinoraError: the endpoint does not answer.
    """
    words = vocabulary or load_vocabulary()
    unknown = words.unknown(wish)
    if endpoint is not None:
        return Expansion(wish, ask(endpoint, wish, words), unknown, by=endpoint.model)
    facts = understand(wish, words)
    if not (facts.things or facts.ground or facts.light):
        raise UsageError(
            f"'{wish}' names nothing that can be filmed",
            why="; ".join(each.line() for each in unknown),
            remedy=f"Say what is there: {', '.join(words.kinds)}",
        )
    return Expansion(wish, tell(complete(facts, words), words), unknown)


def complete(facts: Facts, words: Vocabulary) -> Facts:
    """The facts with the plainest answer to everything that was left open."""
    things = tuple(_complete(thing, number, words) for number, thing in enumerate(facts.things))
    return replace(
        facts,
        things=things,
        ground=facts.ground or words.grounds[0],
        light=facts.light or words.lights[0],
        move=facts.move or next(iter(words.moves)),
    )


def _complete(thing: Thing, number: int, words: Vocabulary) -> Thing:
    colour = thing.colour or ("" if thing.kind == "cookie" else words.colours[number % 5])
    size = thing.size or words.sizes[len(words.sizes) // 2]
    return replace(thing, colour=colour, size=size, finish=thing.finish or words.finishes[0])
