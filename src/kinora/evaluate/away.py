"""Out of the picture and back. In: a model, the judge. Out: whether what a camera turned away from is there again.

The world's camera pans until a thing has left the picture, and turns back; the frames up to then are given, so that the
way to go on is seen and not only told. The render of the whole way bounds what can be measured; a model without memory
shows what the words alone bring back.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count as numbers_from
from itertools import islice

import numpy as np

from kinora.caption.facts import Seen
from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.core.seed import derive
from kinora.denoise.model import FilmModel
from kinora.evaluate.onward import Wish, go_on
from kinora.evaluate.placing import close, last_spots
from kinora.evaluate.row import Row
from kinora.evaluate.staged import FIRST, named, row, trait
from kinora.world.camera import CameraPose, pose
from kinora.world.mix import Mix
from kinora.world.motion import at_rest
from kinora.world.render import Ids, render
from kinora.world.sample import sample_scene
from kinora.world.scene import Scene, Thing
from kinora.world.shot import REACH

PER_SCENE = 2
"""Films of one scene: with memory and without."""
TURN = 32
"""Frames of the way there, and of the way back: as many as the world's own pans take."""
BEGUN = 8
"""Frames of the way back that are given too; the thing is still out of the picture in the last of them."""
GIVEN = 1 + TURN + BEGUN
NEW = TURN - BEGUN
BACK = {"pan left": "pan right", "pan right": "pan left"}


@dataclass(frozen=True)
class Turn:
    """A camera that turns away and back before two things that stand still.

    Args:
        scene: its camera stands as it is at the start, and turns by the whole amount.
        number: of the thing that leaves the picture.
    """

    scene: Scene
    number: int

    @property
    def leaver(self) -> Thing:
        """The thing that leaves the picture."""
        return self.scene.things[self.number]

    @property
    def poses(self) -> tuple[CameraPose, ...]:
        """The camera of every frame, there and back."""
        there = np.linspace(0.0, 1.0, TURN + 1)
        shares = np.concatenate([there, there[-2::-1]])
        # Half-way through its move a camera stands where the scene has put it.
        return tuple(pose(self.scene.camera, 0.5 + float(share)) for share in shares)

    @property
    def prompts(self) -> tuple[str, str]:
        """Words for the way there, and for the way back."""
        scene, move = self.scene, self.scene.camera.move
        who = f"{named(scene.things[0])} stands still beside {named(scene.things[1])}"
        tail = f"on {scene.ground} at {scene.light}, the camera"
        there, back = (way.replace("pan", "pans") for way in (move, BACK[move]))
        return f"{who} {tail} {there}", f"{who} {tail} {back}"

    @property
    def place(self) -> tuple[float, float]:
        """Column and row of the thing when the camera is back."""
        return _spot(self.scene, self.number)[:2]

    def play(self, *, width: int, height: int) -> tuple[Clip, Ids]:
        """The world's own frames of the whole way, and what each of their pixels shows."""
        poses = self.poses
        scene = replace(self.scene, frames=len(poses))
        frames, ids = render(scene, at_rest(scene), poses=poses, width=width, height=height)
        return Clip(frames, scene.fps), ids


def turns(count: int) -> Iterator[Turn]:
    """The first `count` scenes in which one of two unlike things leaves by a pan that the words know."""
    mix = Mix(
        min_things=2, max_things=2, happenings=("stands still",), still_camera=1.0, cuts=0.0,
        heldout="any",
    )  # fmt: skip
    drawn = (sample_scene(derive(FIRST, "away", n), mix=mix) for n in numbers_from())
    return islice((turn for turn in map(_turned, drawn) if turn), count)


def _turned(scene: Scene) -> Turn | None:
    """The scene under the smallest pan that loses a thing; None if that is too wide, or the things look alike."""
    if trait(scene.things[0]) == trait(scene.things[1]):
        return None
    far, number = min((_way_out(scene, number), number) for number in range(2))
    move = "pan right" if _spot(scene, number)[0] < 0.5 else "pan left"
    if far > max(map(abs, REACH[move])):
        return None
    amount = math.copysign(far * TURN / NEW, REACH[move][0])
    return Turn(replace(scene, camera=replace(scene.camera, move=move, amount=amount)), number)


def _way_out(scene: Scene, number: int) -> float:
    """Radians by which the camera must turn until a thing is past the nearer edge, with room to spare."""
    x, _, depth = _spot(scene, number)
    wide = scene.camera.focal / scene.aspect**0.5
    half = wide * scene.things[number].scale / depth
    return math.atan((0.5 + 1.5 * half) / wide) - math.atan(abs(x - 0.5) / wide)


def _spot(scene: Scene, number: int) -> tuple[float, float, float]:
    """Column and row in shares of the picture, and depth in metres, before the camera turns."""
    place = np.array(scene.things[number].position)
    x, y, depth = pose(scene.camera).project(place, aspect=scene.aspect).tolist()
    return x, y, depth


def away_rows(model: FilmModel, judge: Judge, *, count: int, wish: Wish) -> Iterator[Row]:
    """Every scene with memory, and without."""
    for turn in turns(count):
        yield away_row(model, judge, turn, wish=wish)
        yield away_row(model, judge, turn, wish=replace(wish, memory=False))


def away_row(model: FilmModel, judge: Judge, turn: Turn, *, wish: Wish) -> Row:
    """A film that is given the way there and the turn: is the thing there again, itself, where geometry has it?"""
    likes = model.capabilities
    truly, _ = turn.play(width=likes.width, height=likes.height)
    start = Clip(truly.frames[:GIVEN], truly.fps)
    since = TURN // model.stride.time + 1
    film = go_on(model, turn.prompts, start, more=NEW / truly.fps, wish=wish, since=since)
    numbers = _back(turn, judge.see(_new(film)), wish.ending)
    if wish.memory:
        numbers |= _back(turn, judge.see(_new(truly)), ", parse floor")
    return row(turn.scene, f"away{wish.ending}", prompt=turn.prompts[1], numbers=numbers)


def _new(film: Clip) -> Clip:
    return Clip(film.frames[GIVEN:], film.fps)


def _back(turn: Turn, seen: Seen, ending: str) -> dict[str, float]:
    spots = last_spots(seen, trait(turn.leaver), last=seen.frames - 1)
    return {
        f"back in the picture{ending}": float(bool(spots)),
        f"back in its place{ending}": float(close(spots, turn.place)),
    }
