"""Cards with times. In: a TOML file. Out: a timeline whose shots are as long as the cards are apart."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from kinora.core.config import Config, read_toml, settle
from kinora.core.errors import NotFoundError, UsageError
from kinora.core.view import ViewIndex
from kinora.media.sequence import files_of
from kinora.prompt.storyboard import Story
from kinora.timeline.document import Gap, Item, Shot, Timeline, Track


class Card(Config):
    """What begins at a time.

    Args:
        at: seconds from the start of the film.
        seconds: how long; until the next card by default. A shorter card leaves black behind it.
        view: which camera, by name or number: see `core.view`.
        prompt, image, clip, start, enter, seed: as in `Shot`.
    """

    at: float = Field(ge=0, le=3600)
    seconds: float | None = Field(default=None, gt=0, le=3600)
    prompt: str = ""
    image: str | None = None
    clip: str | None = None
    start: float = Field(default=0.0, ge=0, le=3600)
    view: ViewIndex = 0
    enter: Literal["cut", "flow"] = "cut"
    seed: int | None = Field(default=None, ge=0)


class Board(Config):
    """A storyboard: cards in the order of their times, and what holds for all of them."""

    name: str = "film"
    seconds: float = Field(gt=0, le=3600)
    height: int | None = Field(default=None, ge=16, le=4096)
    width: int | None = Field(default=None, ge=16, le=4096)
    steps: int | None = Field(default=None, ge=1)
    guidance: float | None = Field(default=None, gt=0)
    negative: str = ""
    expand: bool = False
    seed: int = Field(default=0, ge=0)
    card: tuple[Card, ...] = Field(min_length=1)

    def timeline(self) -> Timeline:
        """The film as a document; raises `UsageError` for cards that overlap or lie behind the end."""
        items: list[Item] = [Gap(seconds=self.card[0].at)] if self.card[0].at else []
        ends = [card.at for card in self.card[1:]] + [self.seconds]
        for number, (card, end) in enumerate(zip(self.card, ends, strict=True), start=1):
            items += _item(card, number, end, seed=self.seed, last=number == len(self.card))
        values = self.model_dump(exclude={"seconds", "seed", "card"})
        return settle(Timeline, {**values, "tracks": (Track(items=tuple(items)),)})


def _item(card: Card, number: int, end: float, *, seed: int, last: bool) -> list[Item]:
    room = end - card.at
    if last and room <= 0:
        raise UsageError(
            f"card {number} at {card.at:g} s lies behind the end of the film at {end:g} s",
            remedy="Make the film longer with: seconds = ...",
        )
    if room <= 0 or (card.seconds or 0) > room + 1e-6:
        raise UsageError(
            f"card {number} at {card.at:g} s overlaps what begins at {end:g} s",
            remedy="Put the cards in the order of their times, and give each some of it",
        )
    length = card.seconds or room
    values = card.model_dump(exclude={"at", "seconds", "seed"})
    own = seed if card.seed is None else card.seed
    shot = settle(Shot, {**values, "id": f"card-{number}", "seconds": length, "seed": own})
    rest = room - length
    return [shot, Gap(seconds=rest)] if rest > 1e-6 else [shot]


def read_board(file: Path) -> Board:
    """A storyboard file.

    Raises:
        NotFoundError: there is no such file, or none of a card's image or clip.
        UsageError: it is not TOML, or says something that a card cannot say.
    """
    board = settle(Board, read_toml(file))
    cards = tuple(_beside(card, file.parent) for card in board.card)
    return board.model_copy(update={"card": cards})


def _beside(card: Card, folder: Path) -> Card:
    """The card with its file's name seen from the working folder."""
    found = {}
    for name in ("image", "clip"):
        if (value := getattr(card, name)) is not None:
            path = folder / value
            if not files_of(path):
                raise NotFoundError(f"the card at {card.at:g} s names {path}, which is not there")
            found[name] = str(path)
    return card.model_copy(update=found)


def board_of(story: Story, *, seed: int = 0) -> Board:
    """The cards of a story."""
    cards, at = [], 0.0
    for shot in story.shots:
        cards.append(Card(at=at, prompt=shot.prompt, view=shot.view, enter=_enter(shot.enter)))
        at += shot.seconds
    return Board(seconds=at, card=tuple(cards), seed=seed)


def _enter(word: str) -> Literal["cut", "flow"]:
    return "cut" if word == "cut" else "flow"


def as_toml(board: Board) -> str:
    """The board as a file that `read_board` reads, for whoever wants to change a story's shots."""
    head = board.model_dump(exclude={"card"}, exclude_none=True)
    lines = [f"{name} = {_value(value)}" for name, value in head.items() if value != ""]
    for card in board.card:
        lines += ["", "[[card]]"]
        said = card.model_dump(
            exclude_none=True, exclude=set() if card.start else {"start"}
        ).items()
        lines += [f"{name} = {_value(value)}" for name, value in said if value != ""]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A TOML string, with escapes, a truth value or a number."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
