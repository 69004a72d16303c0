"""Who plays. In: a mix, a camera, a generator. Out: things of the right size, in their own colours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kinora.world import place
from kinora.world.extent import LYING
from kinora.world.mix import Mix
from kinora.world.scene import Camera, Thing
from kinora.world.vocabulary import FINISHES, HAT_COLOURS, SIZES

Rng = np.random.Generator


class MisfitError(Exception):
    """These draws make no scene; draw again."""


def pick(rng: Rng, words: Sequence[str]) -> str:
    """One of the words; `MisfitError` if there is none."""
    if not words:
        raise MisfitError
    return words[int(rng.integers(len(words)))]


@dataclass(frozen=True)
class Stage:
    """Where a plot plays: `seconds` long, in a picture `aspect` wide for its height."""

    rng: Rng
    mix: Mix
    camera: Camera
    aspect: float
    seconds: float
    count: int

    @property
    def distance(self) -> float:
        """From the camera to the stage's middle, in metres."""
        return -self.camera.eye[1]

    def half(self, y: float = 0.0) -> float:
        """Half the visible width at depth `y`, less a margin, in metres."""
        wide = place.stage_half_width(self.camera, aspect=self.aspect)
        return 0.92 * wide * (self.distance + y) / self.distance

    def ceiling(self, y: float = 0.0) -> float:
        """How high the picture reaches at depth `y`, in metres."""
        return place.ceiling(self.camera, aspect=self.aspect, depth=self.distance + y)


def cast(
    stage: Stage,
    *,
    kinds: Sequence[str],
    sizes: Sequence[str] = SIZES,
    besides: Sequence[Thing] = (),
    lies: bool | None = None,
    y: float = 0.0,
) -> Thing:
    """A thing of one of these kinds and sizes, resting at `(0, y)`.

    Args:
        besides: things whose colours are taken already.
        lies: whether it lies on its side if it can; None leaves it to chance.
    """
    rng = stage.rng
    kind = pick(rng, [kind for kind in kinds if kind in stage.mix.kinds])
    taken = {thing.colour for thing in besides}
    colour = pick(rng, [c for c in stage.mix.colours if c not in taken] or stage.mix.colours)
    colour = "brown" if kind == "cookie" else colour
    chance = rng.random() < (0.6 if kind == "capsule" else 0.12)
    stance = "lies" if kind in LYING and (chance if lies is None else lies) else "stands"
    hat = kind == "momo" and rng.random() < stage.mix.hats
    size = pick(rng, sizes)
    thing = Thing(
        kind=kind,
        colour=colour,
        size=size,
        finish=pick(rng, FINISHES),
        scale=1.0,
        position=(0.0, y, 0.0),
        quaternion=place.turned(kind, stance=stance, rng=rng),
        hat=pick(rng, [word for word in HAT_COLOURS if word != colour]) if hat else "",
        stance=stance,
    )
    area = float(rng.uniform(*place.AREAS[stage.count == 1][size]))
    return sized(thing, area=area, camera=stage.camera)


def sized(thing: Thing, *, area: float, camera: Camera) -> Thing:
    """The thing at the scale that covers `area`, resting on the ground."""
    thing = replace(thing, scale=place.scale_for(thing, area=area, camera=camera))
    return at(thing, x=thing.position[0])


def at(thing: Thing, *, x: float, y: float | None = None, z: float | None = None) -> Thing:
    """The thing elsewhere; on the ground unless `z` says otherwise."""
    depth = thing.position[1] if y is None else y
    return replace(thing, position=(x, depth, place.rest_height(thing) if z is None else z))


def side_by_side(stage: Stage, things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Spread the things over the width of the stage, with random gaps, in random order."""
    half = stage.half()
    widths = [2.0 * place.reach(thing)[0] for thing in things]
    free = 2.0 * half - sum(widths) - 0.1 * len(things)
    if free < 0:
        raise MisfitError
    gaps = stage.rng.dirichlet(np.full(len(things) + 1, 1.5)) * free + 0.1
    x = -half - 0.1
    placed = list(things)
    for gap, index in zip(gaps, stage.rng.permutation(len(things)), strict=False):
        x += float(gap) + widths[index] / 2
        y = things[index].position[1]
        placed[index] = at(things[index], x=x * (stage.distance + y) / stage.distance)
        x += widths[index] / 2
    return tuple(placed)


def row_behind(stage: Stage, path: Thing, *, first: float) -> list[Thing]:
    """Bystanders in a row behind the path of a thing that is `first` metres from its middle."""
    others: list[Thing] = []
    for _ in range(stage.count - 1):
        y = path.position[1] + first + 0.8
        others.append(cast(stage, kinds=stage.mix.kinds, besides=[path, *others], y=y))
    return list(side_by_side(stage, others)) if others else []
