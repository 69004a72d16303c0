"""What nobody said of an upload. In: a wish, what it is made from. Out: both, with words for what is seen there."""

from dataclasses import dataclass
from functools import cache

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip, Frames
from kinora.denoise.model import FilmModel
from kinora.serve.creation import heard
from kinora.serve.edits import wanted
from kinora.serve.jobs.wish import Card, Wish
from kinora.timeline.animate import Animate
from kinora.timeline.sight import sighted
from kinora.timeline.source import Source, with_words


@dataclass(frozen=True, eq=False)
class Heard:
    """A wish as the model is to hear it.

    Args:
        wish: cards with expansions.
        given: its sources, each with words.
        notes: what was added.
    """

    wish: Wish
    given: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()


def of_pictures(model: FilmModel, wish: Wish, pictures: tuple[Frames, ...]) -> Heard:
    """The wish of a film that shows pictures `[1 h w 3]`, every card completed."""
    if not pictures:
        return Heard(wish)
    clips, look = [Clip(each, model.capabilities.fps) for each in pictures], cache(load_judge)
    cards, notes = list[Card](), dict[str, None]()
    for card, words in zip(wish.cards, heard(wish), strict=True):
        told = sighted(model, Animate(prompt=words), clips, judge=look)
        cards.append(_saying(card, words, told.edit.prompt))
        notes |= dict.fromkeys(told.notes)
    return Heard(wish.model_copy(update={"cards": tuple(cards)}), notes=tuple(notes))


def of_films(model: FilmModel, wish: Wish, given: tuple[Source, ...]) -> Heard:
    """The wish of an edit: new words are completed, uploads get words where there are no new ones."""
    edit = wanted(model, wish, given)
    told = sighted(model, edit, given)
    said = told.words or ("",) * len(given)
    given = tuple(with_words(each, words) for each, words in zip(given, said, strict=True))
    prompt = told.edit.prompt
    if edit.prompt is not None and prompt is not None:
        cards = (*wish.cards[:-1], _saying(wish.cards[-1], edit.prompt, prompt))
        options = {**wish.options, "prompt": prompt}
        wish = wish.model_copy(update={"cards": cards, "options": options})
    return Heard(wish, given, told.notes)


def _saying(card: Card, before: str, now: str | None) -> Card:
    """The card, heard otherwise if the words are others now."""
    return card if now is None or now == before else card.model_copy(update={"expansion": now})
