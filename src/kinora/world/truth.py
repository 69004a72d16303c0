"""What is so in every frame. In: a take and its ids. Out: frozen values that go into JSON.

Positions in metres, times in seconds, picture coordinates in 0..1 from the upper left corner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from pydantic import TypeAdapter

from kinora.world.camera import CameraPose
from kinora.world.render import Ids
from kinora.world.scene import Quat, Scene, Vec3
from kinora.world.take import Take


@dataclass(frozen=True)
class Appearance:
    """One thing in one frame.

    Args:
        centre: column and row of its middle; outside 0..1 when it is out of the picture.
        area: visible share of the picture.
        bites: taken out of it so far.
    """

    position: Vec3
    quaternion: Quat
    centre: tuple[float, float]
    area: float
    bites: int


@dataclass(frozen=True)
class Moment:
    """One frame."""

    time: float
    view: str
    camera: CameraPose
    things: tuple[Appearance, ...]


@dataclass(frozen=True)
class Contact:
    """Two things begin to touch; -1 is the ground."""

    time: float
    frame: int
    first: int
    second: int


@dataclass(frozen=True)
class Event:
    """A happening with the frames in which it takes place, both included."""

    name: str
    actor: int
    target: int | None
    first: int
    last: int


@dataclass(frozen=True)
class Truth:
    """Everything that is so in a clip."""

    moments: tuple[Moment, ...]
    contacts: tuple[Contact, ...]
    events: tuple[Event, ...]

    def to_json(self) -> str:
        """The truth as one line of JSON."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Truth":
        """The truth that `to_json` wrote; raises `pydantic.ValidationError` for anything else."""
        return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[Truth]:
    return TypeAdapter(Truth)


@dataclass(frozen=True)
class ThingFacts:
    """What a caption may say about a thing; `happening` is what it does, or `stands still`."""

    kind: str
    colour: str
    size: str
    finish: str
    hat: str
    happening: str


@dataclass(frozen=True)
class Facts:
    """A clip in canonical words.

    Args:
        direction: in which the main thing moves on the screen: left, right, up, down or none.
        camera: the camera's move, or `cut`.
    """

    things: tuple[ThingFacts, ...]
    ground: str
    light: str
    direction: str
    camera: str


def record(take: Take, *, ids: Ids, poses: Sequence[CameraPose], views: Sequence[str]) -> Truth:
    """The truth of a rendered take: ids `[t h w]`, camera and view of every frame."""
    scene, motion = take.scene, take.motion
    n = len(scene.things)
    size = ids.shape[1] * ids.shape[2]
    moments = []
    for t, pose in enumerate(poses):
        areas = np.bincount(ids[t].ravel(), minlength=n + 2)[2:] / size
        centres = pose.project(motion.positions[t].astype(np.float64), aspect=scene.aspect)
        things = tuple(
            Appearance(
                position=_vec3(motion.positions[t, i]),
                quaternion=_quat(motion.quaternions[t, i]),
                centre=(round(float(centres[i, 0]), 5), round(float(centres[i, 1]), 5)),
                area=round(float(areas[i]), 6),
                bites=sum(bite.cookie == i and bite.frame <= t for bite in motion.bites),
            )
            for i in range(n)
        )
        moments.append(Moment(time=t / scene.fps, view=views[t], camera=pose, things=things))
    contacts = tuple(
        Contact(round(x.time, 4), round(x.time * scene.fps), x.first, x.second)
        for x in take.touches
    )
    return Truth(tuple(moments), contacts, _events(take))


def _vec3(row: np.ndarray) -> Vec3:
    x, y, z = (round(float(value), 5) for value in row)
    return x, y, z


def _quat(row: np.ndarray) -> Quat:
    w, x, y, z = (round(float(value), 5) for value in row)
    return w, x, y, z


def _events(take: Take) -> tuple[Event, ...]:
    scene = take.scene
    events = [
        Event("bites", h.actor, bite.cookie, bite.frame, bite.frame)
        for h in scene.happenings
        for bite in take.motion.bites
        if h.name == "eats" and bite.frame < scene.frames
    ]
    for h in scene.happenings:
        first = h.start
        if h.name == "bumps into":
            times = [x.time for x in take.touches if {x.first, x.second} == {h.actor, h.target}]
            first = times[0] if times else first
        elif h.beats:
            first = h.beats[0]
        events.append(Event(h.name, h.actor, h.target, round(first * scene.fps), scene.frames - 1))
    return tuple(events)


def facts(scene: Scene, truth: Truth) -> Facts:
    """The clip in canonical words."""
    names = {h.actor: h.name for h in reversed(scene.happenings)}
    return Facts(
        things=tuple(
            ThingFacts(
                kind=thing.kind,
                colour=thing.colour,
                size=thing.size,
                finish=thing.finish,
                hat=thing.hat,
                happening=names.get(index, "stands still"),
            )
            for index, thing in enumerate(scene.things)
        ),
        ground=scene.ground,
        light=scene.light,
        direction=direction(truth) if _leads_away(scene) else "none",
        camera="cut" if scene.cuts else scene.camera.move,
    )


def _leads_away(scene: Scene) -> bool:
    """Whether the main happening carries its actor somewhere, rather than about or up and down."""
    main = scene.happenings[0] if scene.happenings else None
    if main is None or main.name in ("circles", "spins", "turns", "eats"):
        return False
    return main.heading != 0 or main.name in ("falls", "stacks")


def direction(truth: Truth, thing: int = 0) -> str:
    """Where the thing goes as the camera sees it: left, right, up, down, or none.

    A camera that follows a thing does not stop it: what counts is its way over the ground, up to
    the first cut.
    """
    across, up = 0.0, 0.0
    for before, after in pairwise(truth.moments):
        if before.view != after.view:
            break
        way = np.subtract(after.things[thing].position, before.things[thing].position)
        across += float(way @ after.camera.axes()[0])
        up += float(way[2])
    if max(abs(across), abs(up)) < 0.6:
        return "none"
    if abs(across) >= abs(up):
        return "right" if across > 0 else "left"
    return "down" if up < 0 else "up"
