"""Prompts written out. In: cards as they were sent. Out: the same, each with a director's paragraph beside it."""

from collections.abc import Sequence

from kinora.prompt.expand import expand
from kinora.prompt.names import spoken
from kinora.serve.jobs.wish import Card, Role


def written_out(cards: Sequence[Card], cast: Sequence[Role] = ()) -> tuple[Card, ...]:
    """The cards with what the model is to hear; a card without words stays without.

    Args:
        cards: in order.
        cast: characters, whose words stand for their names.

    Raises:
        UsageError: a prompt names nothing that can be filmed.
    """
    words = {role.name: role.words for role in cast}
    return tuple(
        card.model_copy(update={"expansion": expand(spoken(card.prompt, words)).text})
        if card.prompt.strip("- ")
        else card
        for card in cards
    )
