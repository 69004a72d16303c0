"""A storyboard whose shots are dreamt again until they keep their words. In: a wish. Out: seeds for its cards.

The pieces of every take are kept under the hash of their recipe, so a film with the seeds that were chosen is
there already, and a killed worker looks again but dreams nothing twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinora.core.seed import derive
from kinora.evaluate.ledger import Told
from kinora.evaluate.verify import Ledger, Window
from kinora.serve.jobs.again import Eye, after
from kinora.serve.jobs.wish import Wish
from kinora.timeline.cache import Piece

Card = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Shots:
    """The shots of a storyboard in the making.

    Args:
        eye: looks at them.
        wish: of kind "storyboard", with `tries`.
        told: the words of its cards, as the model hears them.
        render: the pieces of a wish.
    """

    eye: Eye
    wish: Wish
    told: tuple[str, ...]
    render: Callable[[Wish], tuple[Piece, ...]]

    def chosen(self) -> tuple[Wish, Ledger]:
        """The wish with the seed of the best take for every card, and what came out.

        A card that begins with a film shows that film's frames, and is not looked at.
        """
        cards, windows = list(cards_of(self.wish)), list[Window]()
        for number, card in enumerate(cards):
            if card.get("clip") is None and card.get("prompt"):
                cards[number], seen = self._best(cards[: number + 1])
                windows += seen
        return with_cards(self.wish, cards), Ledger(windows=tuple(windows))

    def _best(self, cards: Sequence[Card]) -> tuple[Card, tuple[Window, ...]]:
        """The last of these cards with the seed that served best."""
        found: list[tuple[int, Card, tuple[Window, ...]]] = []
        own = cards[-1].get("seed")
        own = self.wish.seed if own is None else int(own)
        while len(found) < self.wish.tries and not any(broken == 0 for broken, *_ in found):
            again = derive(own, "again", len(found)) if found else own
            take: Card = {**cards[-1], "seed": again}
            windows = self._seen([*cards[:-1], take])
            found.append((len(Ledger(windows=windows).broken), take, windows))
        _, take, windows = min(found, key=lambda each: each[0])
        return take, after(windows, tries=len(found))

    def _seen(self, cards: Sequence[Card]) -> tuple[Window, ...]:
        """What the last of these cards keeps, in a film that ends with it."""
        *before, piece = self.render(with_cards(self.wish, cards, seconds=self._end(cards)))
        first = sum(len(each.frames) for each in before)
        starts = [float(card["at"]) for card in cards[:-1]]
        # Pieces are as long as latents allow: the card's own start is where its piece is.
        starts.append(first / self.eye.model.capabilities.fps)
        ends = [*starts[1:], float("inf")]
        told = [Told(*each) for each in zip(self.told, starts, ends, strict=False)]
        return self.eye.look(piece.frames, told, first=first)

    def _end(self, cards: Sequence[Card]) -> float:
        """The second at which the last of these cards ends."""
        last, rest = cards[-1], cards_of(self.wish)[len(cards) :]
        if last.get("seconds") is not None:
            return float(last["at"]) + float(last["seconds"])
        return float(rest[0]["at"]) if rest else self.wish.seconds


def cards_of(wish: Wish) -> list[Card]:
    """The cards of a storyboard's wish, as `timeline.storyboard` reads them."""
    cards = wish.options["card"]
    assert isinstance(cards, list)
    return [card for card in cards if isinstance(card, dict)]


def with_cards(wish: Wish, cards: Sequence[Card], *, seconds: float | None = None) -> Wish:
    """The wish with other cards, and of another length if that is said."""
    length = wish.options["seconds"] if seconds is None else seconds
    options = {**wish.options, "card": [dict(card) for card in cards], "seconds": length}
    return wish.model_copy(update={"options": options})
