"""What a clip shows. In: nothing. Out: frozen facts, each with how sure the judge is of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kinora.caption.answers import UNKNOWN

SURE_ENOUGH = 0.6
"""Below this an answer is given as unknown."""
STILL = 0.05
"""Share of the picture's width that a thing may move and still stay where it is."""
ENDS = 0.1


@dataclass(frozen=True)
class Answer:
    """The most likely word and its probability."""

    word: str
    sure: float

    @property
    def honest(self) -> str:
        """The word, or unknown if the judge is not sure enough."""
        return self.word if self.sure >= SURE_ENOUGH else UNKNOWN


@dataclass(frozen=True)
class Spot:
    """Where a thing is in one frame: centre and size in shares of the picture, y downwards."""

    frame: int
    x: float
    y: float
    width: float
    height: float
    sure: float
    bites: int = 0


@dataclass(frozen=True)
class SeenThing:
    """One thing over the clip.

    Args:
        answers: question -> answer, over all frames in which it is seen.
        spots: the frames in which it is seen, in order.
    """

    answers: Mapping[str, Answer]
    spots: tuple[Spot, ...]

    @property
    def kind(self) -> str:
        """Most likely kind."""
        return self.answers["kind"].word

    @property
    def colour(self) -> str:
        """Most likely colour."""
        return self.answers["colour"].word

    @property
    def shift(self) -> float:
        """How far it goes to the right, from its first spots to its last, in picture widths."""
        few = max(1, round(len(self.spots) * ENDS))
        xs = [spot.x for spot in self.spots]
        return float(np.mean(xs[-few:]) - np.mean(xs[:few]))

    @property
    def heading(self) -> str:
        """`left`, `right`, or `none` if it ends about where it began."""
        if abs(self.shift) < STILL:
            return "none"
        return "right" if self.shift > 0 else "left"


@dataclass(frozen=True)
class Seen:
    """Everything the judge says about a clip.

    Args:
        frames: how many there were.
        of_frames: ground and light.
        things: the surest first.
    """

    frames: int
    fps: float
    of_frames: Mapping[str, Answer]
    things: tuple[SeenThing, ...]

    @property
    def ground(self) -> str:
        """Most likely ground."""
        return self.of_frames["ground"].word

    @property
    def light(self) -> str:
        """Most likely light."""
        return self.of_frames["light"].word

    def as_json(self) -> dict[str, Any]:
        """Plain data: every answer with its probability, unsure ones named unknown."""
        return {
            "frames": self.frames,
            "fps": self.fps,
            **{name: _told(answer) for name, answer in self.of_frames.items()},
            "things": [_thing(thing) for thing in self.things],
        }


def _told(answer: Answer) -> dict[str, Any]:
    return {"answer": answer.honest, "sure": round(answer.sure, 3)}


def _thing(thing: SeenThing) -> dict[str, Any]:
    rounded = [
        {name: round(value, 4) for name, value in asdict(spot).items()} for spot in thing.spots
    ]
    return {
        **{name: _told(answer) for name, answer in thing.answers.items()},
        "heading": thing.heading,
        "spots": rounded,
    }
