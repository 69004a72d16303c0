"""A scene is plain data. In: a plot. Out: frozen values that physics, look and captions read.

Metres, seconds, radians; x to the right, y away from the camera, z up, the ground at z = 0.
"""

from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]


@dataclass(frozen=True)
class Thing:
    """One thing on the stage.

    Args:
        scale: half of the thing's longest side, before its hat.
        quaternion: `w x y z`, turns the thing's own frame into the world's.
        hat: the colour of the hat, or empty.
        stance: `stands`, `lies` or `hangs`.
    """

    kind: str
    colour: str
    size: str
    finish: str
    scale: float
    position: Vec3
    quaternion: Quat = (1.0, 0.0, 0.0, 0.0)
    hat: str = ""
    stance: str = "stands"


@dataclass(frozen=True)
class Happening:
    """What a thing does.

    Args:
        actor, target: things, counted from 0.
        heading: -1 to the left, 1 to the right, 0 on the spot.
        speed: metres or radians a second, by what happens.
        height: how far up a jump or hop goes, in metres.
        radius: of a circle, in metres.
        beats: seconds at which it happens again: jumps, hops, bites.
        start: seconds before it begins.
    """

    name: str
    actor: int
    target: int | None = None
    heading: int = 0
    speed: float = 0.0
    height: float = 0.0
    radius: float = 0.0
    beats: tuple[float, ...] = ()
    start: float = 0.0


@dataclass(frozen=True)
class Camera:
    """A camera and what it does during the clip.

    Args:
        eye: where it stands at the start.
        yaw: to the left of +y; `pitch`: downwards.
        focal: focal length over the square root of the picture's area, the same for any aspect.
        centre: the point on the stage around which it orbits and towards which it dollies.
        amount: how far the move goes, in all: radians for pan and orbit (to the left as seen on
            the ground is positive), a share of the distance otherwise.
    """

    eye: Vec3
    yaw: float
    pitch: float
    focal: float
    centre: Vec3 = (0.0, 0.0, 0.0)
    move: str = "still"
    amount: float = 0.0


@dataclass(frozen=True)
class Cut:
    """From `frame` on, the picture comes from `view`."""

    frame: int
    view: str


@dataclass(frozen=True)
class Scene:
    """Everything that decides a clip; `aspect` is width over height of its picture."""

    seed: int
    things: tuple[Thing, ...]
    ground: str
    light: str
    sun: float
    camera: Camera
    happenings: tuple[Happening, ...] = ()
    cuts: tuple[Cut, ...] = ()
    frames: int = 1
    fps: float = 8.0
    aspect: float = 1.6

    def to_json(self) -> str:
        """The scene as one line of JSON."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Scene":
        """The scene that `to_json` wrote; raises `pydantic.ValidationError` for anything else."""
        return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[Scene]:
    return TypeAdapter(Scene)
