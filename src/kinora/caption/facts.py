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
class SeenShot:
    """A stretch between two cuts.

    Args:
        start, stop: its first frame, and the frame after its last.
        move: what the camera does.
        cut: how sure it is that there is a cut at its start; 1 for the first.
    """

    start: int
    stop: int
    move: Answer
    cut: float = 1.0


@dataclass(frozen=True)
class Seen:
    """Everything the judge says about a clip.

    Args:
        frames: how many there were.
        of_frames: ground and light.
        things: the surest first.
        worldly: how sure it is that the clip shows the world at all; no answer is surer.
        shots: what the camera does; empty where nobody asked.
    """

    frames: int
    fps: float
    of_frames: Mapping[str, Answer]
    things: tuple[SeenThing, ...]
    worldly: float = 1.0
    shots: tuple[SeenShot, ...] = ()

    @property
    def ground(self) -> str:
        """Most likely ground."""
        return self.of_frames["ground"].word

    @property
    def light(self) -> str:
        """Most likely light."""
        return self.of_frames["light"].word

    @property
    def move(self) -> Answer:
        """What the camera does in the longest shot; unknown where nobody asked."""
        longest = max(self.shots, key=lambda shot: shot.stop - shot.start, default=None)
        return longest.move if longest else Answer(UNKNOWN, 0.0)

    def told(self, answer: Answer) -> Answer:
        """The answer as it may be told: no surer than that this is the world, unsure ones unknown."""
        sure = answer.sure * self.worldly
        return Answer(Answer(answer.word, sure).honest, sure)

    def as_json(self) -> dict[str, Any]:
        """Plain data: every answer with its probability, unsure ones named unknown."""
        return {
            "frames": self.frames,
            "fps": self.fps,
            "worldly": round(self.worldly, 3),
            **{name: self._plain(answer) for name, answer in self.of_frames.items()},
            "camera": self._plain(self.move),
            "shots": [self._shot(shot) for shot in self.shots],
            "things": [self._thing(thing) for thing in self.things],
        }

    def _plain(self, answer: Answer) -> dict[str, Any]:
        told = self.told(answer)
        return {"answer": told.word, "sure": round(told.sure, 3)}

    def _shot(self, shot: SeenShot) -> dict[str, Any]:
        seconds = {
            "start": round(shot.start / self.fps, 3),
            "end": round(shot.stop / self.fps, 3),
        }
        return {**seconds, "cut": round(shot.cut, 3), "camera": self._plain(shot.move)}

    def _thing(self, thing: SeenThing) -> dict[str, Any]:
        spots = [
            {name: round(value, 4) for name, value in asdict(spot).items()} for spot in thing.spots
        ]
        answers = {name: self._plain(answer) for name, answer in thing.answers.items()}
        return {**answers, "heading": thing.heading, "spots": spots}
