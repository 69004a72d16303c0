"""A seed becomes a scene. In: a seed and a mix. Out: a framed scene, run through physics if it moves.

Scenes that are held out, or in which a thing leaves the picture, are drawn again from the next stream.
"""

from dataclasses import dataclass

import numpy as np

from kinora.core.errors import UsageError
from kinora.core.seed import numpy_generator
from kinora.world.camera import pose, stand
from kinora.world.cast import Misfit, Rng, Stage, pick
from kinora.world.heldout import is_held_out
from kinora.world.mix import Mix
from kinora.world.motion import Motion, at_rest
from kinora.world.physics import Touch, simulate
from kinora.world.plot import play, still
from kinora.world.scene import Scene

TRIES = 4000
DISTANCE = 6.0


@dataclass(frozen=True)
class Take:
    """A scene, how it moves, and who touches whom."""

    scene: Scene
    motion: Motion
    touches: tuple[Touch, ...] = ()


def sample_scene(
    seed: int, *, mix: Mix | None = None, frames: int = 33, fps: float = 8.0, aspect: float = 1.6
) -> Scene:
    """The scene of this seed, the same on every machine.

    Args:
        aspect: width over height of the picture that it is framed for.

    Raises:
        UsageError: the mix allows no scene.
    """
    return sample_take(seed, mix=mix, frames=frames, fps=fps, aspect=aspect).scene


def sample_take(
    seed: int, *, mix: Mix | None = None, frames: int = 33, fps: float = 8.0, aspect: float = 1.6
) -> Take:
    """The scene of this seed together with its motion; arguments as in `sample_scene`."""
    mix = mix or Mix()
    for attempt in range(TRIES):
        rng = numpy_generator(seed, "world", "scene", attempt)
        try:
            scene = _draw(rng, seed=seed, mix=mix, frames=frames, fps=fps, aspect=aspect)
        except Misfit:
            continue
        if mix.heldout != "any" and is_held_out(scene) != (mix.heldout == "only"):
            continue
        take = Take(scene, *simulate(scene)) if frames > 1 else Take(scene, at_rest(scene))
        if frames == 1 or _stays_in_view(take):
            return take
    raise UsageError(
        "this mix allows no scene",
        why="no combination of its words fits into the picture or is allowed",
        remedy="Allow more kinds, colours, grounds, lights or happenings, or set heldout=any",
    )


def _draw(rng: Rng, *, seed: int, mix: Mix, frames: int, fps: float, aspect: float) -> Scene:
    camera = stand(
        aspect=aspect,
        horizon=rng.uniform(0.31, 0.39),
        stage=rng.uniform(0.66, 0.74),
        distance=DISTANCE,
        focal=rng.uniform(1.0, 1.2),
    )
    stage = Stage(
        rng=rng,
        mix=mix,
        camera=camera,
        aspect=aspect,
        seconds=(frames - 1) / fps,
        count=int(rng.integers(mix.min_things, mix.max_things + 1)),
    )
    name = pick(rng, mix.happenings)
    things, happenings = still(stage) if frames == 1 else play(stage, name)
    return Scene(
        seed=seed,
        things=things,
        ground=pick(rng, mix.grounds),
        light=pick(rng, mix.lights),
        sun=float(rng.choice((-1.0, 1.0)) * rng.uniform(1.9, 2.6)),
        camera=camera,
        happenings=happenings,
        frames=frames,
        fps=fps,
        aspect=aspect,
    )


def _stays_in_view(take: Take) -> bool:
    """Whether every thing's centre stays inside the picture; what falls may come from above."""
    scene = take.scene
    seen = pose(scene.camera).project(take.motion.positions.astype(np.float64), aspect=scene.aspect)
    column, row, depth = np.moveaxis(seen, -1, 0)
    falling = [any(h.name == "falls" for h in scene.happenings if h.actor == i)
               for i in range(len(scene.things))]  # fmt: skip
    low = np.where(falling, -9.0, 0.05)
    inside = (column > 0.05) & (column < 0.95) & (row > low) & (row < 0.92) & (depth > 2.0)
    return bool(inside.all())
