"""A seed becomes a scene. In: a seed and a mix. Out: a framed scene without held-out combinations."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kinora.core.errors import UsageError
from kinora.core.seed import numpy_generator
from kinora.world import place
from kinora.world.camera import stand
from kinora.world.heldout import is_held_out
from kinora.world.mix import Mix
from kinora.world.scene import Camera, Scene, Thing
from kinora.world.vocabulary import FINISHES, HAT_COLOURS, SIZES

Rng = np.random.Generator
TRIES = 4000
DISTANCE = 6.0


def sample_scene(
    seed: int, *, mix: Mix | None = None, frames: int = 33, fps: float = 8.0, aspect: float = 1.6
) -> Scene:
    """The scene of this seed, the same on every machine.

    Args:
        aspect: width over height of the picture that it is framed for.

    Raises:
        UsageError: the mix allows no scene.
    """
    mix = mix or Mix()
    for attempt in range(TRIES):
        rng = numpy_generator(seed, "world", "scene", attempt)
        scene = _draw(rng, seed=seed, mix=mix, frames=frames, fps=fps, aspect=aspect)
        if mix.heldout == "any" or is_held_out(scene) == (mix.heldout == "only"):
            return scene
    raise UsageError(
        "this mix allows no scene",
        why="every combination of its words is held out, or none is",
        remedy="Allow more kinds, colours, grounds or lights, or set heldout=any",
    )


def pick(rng: Rng, words: Sequence[str]) -> str:
    """One of the words."""
    return words[int(rng.integers(len(words)))]


def _draw(rng: Rng, *, seed: int, mix: Mix, frames: int, fps: float, aspect: float) -> Scene:
    camera = stand(
        aspect=aspect,
        horizon=rng.uniform(0.31, 0.39),
        stage=rng.uniform(0.66, 0.74),
        distance=DISTANCE,
        focal=rng.uniform(1.0, 1.2),
    )
    things = still_things(rng, mix=mix, camera=camera, aspect=aspect)
    return Scene(
        seed=seed,
        things=things,
        ground=pick(rng, mix.grounds),
        light=pick(rng, mix.lights),
        sun=float(rng.choice((-1.0, 1.0)) * rng.uniform(1.9, 2.6)),
        camera=camera,
        frames=frames,
        fps=fps,
        aspect=aspect,
    )


def still_things(rng: Rng, *, mix: Mix, camera: Camera, aspect: float) -> tuple[Thing, ...]:
    """Things that stand, lie or hang side by side, all in view."""
    count = int(rng.integers(mix.min_things, mix.max_things + 1))
    colours = list(mix.colours)
    things: list[Thing] = []
    for _ in range(count):
        thing = _thing(rng, mix=mix, colours=colours, alone=count == 1, camera=camera)
        if len(colours) > 1 and rng.random() < 0.9:
            colours.remove(thing.colour)
        things.append(thing)
    return _side_by_side(rng, things, camera=camera, aspect=aspect)


def _thing(rng: Rng, *, mix: Mix, colours: list[str], alone: bool, camera: Camera) -> Thing:
    kind = pick(rng, mix.kinds)
    lies = kind in place.LYING and rng.random() < (0.6 if kind == "capsule" else 0.15)
    stance = "hangs" if rng.random() < 0.12 else "lies" if lies else "stands"
    size = pick(rng, SIZES)
    hat = kind == "momo" and rng.random() < mix.hats
    colour = pick(rng, colours)
    thing = Thing(
        kind=kind,
        colour=colour,
        size=size,
        finish=pick(rng, FINISHES),
        scale=1.0,
        position=(0.0, float(rng.uniform(-0.4, 0.4)), 0.0),
        quaternion=place.turned(kind, stance=stance, rng=rng),
        hat=pick(rng, [word for word in HAT_COLOURS if word != colour]) if hat else "",
        stance=stance,
    )
    area = float(rng.uniform(*place.AREAS[alone][size]))
    return replace(thing, scale=place.scale_for(thing, area=area, camera=camera))


def _side_by_side(
    rng: Rng, things: list[Thing], *, camera: Camera, aspect: float
) -> tuple[Thing, ...]:
    """Spread the things over the width of the stage, with random gaps, in random order."""
    half = place.stage_half_width(camera, aspect=aspect) * 0.90
    widths = [2.0 * place.reach(thing)[0] for thing in things]
    free = max(0.0, 2.0 * half - sum(widths))
    gaps = rng.dirichlet(np.full(len(things) + 1, 1.5)) * free
    x = -half
    placed = list(things)
    for gap, index in zip(gaps, rng.permutation(len(things)), strict=False):
        x += float(gap) + widths[index] / 2
        placed[index] = _put(rng, things[index], x=x, camera=camera, aspect=aspect)
        x += widths[index] / 2
    return tuple(placed)


def _put(rng: Rng, thing: Thing, *, x: float, camera: Camera, aspect: float) -> Thing:
    y = thing.position[1]
    x *= (DISTANCE + y) / DISTANCE
    low = place.rest_height(thing)
    if thing.stance != "hangs":
        return replace(thing, position=(x, y, low))
    top = place.ceiling(camera, aspect=aspect, depth=DISTANCE + y) - place.reach(thing)[1]
    if top < low + 0.45:
        return replace(thing, position=(x, y, low), stance="stands")
    return replace(thing, position=(x, y, float(rng.uniform(low + 0.4, top))))
