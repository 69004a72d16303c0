"""A seed becomes a scene. In: a seed and a mix. Out: a framed scene, with its motion if it moves.

Scenes that are held out, that leave the picture, or in which the intended does not happen, are
drawn again from the next stream.
"""

from kinora.core.errors import UsageError
from kinora.core.seed import numpy_generator
from kinora.world.camera import stand
from kinora.world.cast import MisfitError, Rng, Stage, pick
from kinora.world.heldout import is_held_out
from kinora.world.mix import Mix
from kinora.world.motion import at_rest
from kinora.world.physics import simulate
from kinora.world.plot import play, still
from kinora.world.scene import Scene
from kinora.world.shot import film
from kinora.world.take import Take, comes_true, stays_in_view
from kinora.world.vocabulary import COMPANY, HAPPENINGS, KINDS, LONG, TARGETS

TRIES = 800
PATIENCE = 80
SECONDS_TO_SEE = 1.9
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
    return sample_take(seed, mix=mix, frames=frames, fps=fps, aspect=aspect).scene


def sample_take(
    seed: int, *, mix: Mix | None = None, frames: int = 33, fps: float = 8.0, aspect: float = 1.6
) -> Take:
    """The scene of this seed together with its motion; arguments as in `sample_scene`."""
    mix = mix or Mix()
    for attempt in range(TRIES):
        rng = numpy_generator(seed, "world", "scene", attempt)
        # What is hard to stage is tried again as often as it takes, so that it stays as frequent.
        wish = numpy_generator(seed, "world", "happening", attempt // PATIENCE)
        try:
            name = _happening(wish, mix=mix, frames=frames, fps=fps)
            scene = _draw(rng, name, seed=seed, mix=mix, frames=frames, fps=fps, aspect=aspect)
        except MisfitError:
            continue
        if mix.heldout != "any" and is_held_out(scene) != (mix.heldout == "only"):
            continue
        take = Take(scene, *simulate(scene)) if frames > 1 else Take(scene, at_rest(scene))
        if frames == 1 or (stays_in_view(take) and comes_true(take)):
            return take
    raise UsageError(
        "this mix allows no scene",
        why="no combination of its words fits into the picture or is allowed",
        remedy="Allow more kinds, colours, grounds, lights or happenings, or set heldout=any",
    )


def _happening(rng: Rng, *, mix: Mix, frames: int, fps: float) -> str:
    """What is to happen; nothing in a still."""
    if frames == 1:
        return ""
    short = (frames - 1) / fps < SECONDS_TO_SEE
    return pick(rng, [name for name in _possible(mix) if not (short and name in LONG)])


def _possible(mix: Mix) -> list[str]:
    """The happenings for which the mix has enough things of the right kinds."""
    return [
        name
        for name in mix.happenings
        if set(HAPPENINGS[name]) & set(mix.kinds)
        and set(TARGETS.get(name, KINDS)) & set(mix.kinds)
        and COMPANY.get(name, (1, 4))[0] <= mix.max_things
        and COMPANY.get(name, (1, 4))[1] >= mix.min_things
    ]


def _count(rng: Rng, name: str, *, mix: Mix) -> int:
    low, high = COMPANY.get(name, (1, 4))
    return int(rng.integers(max(low, mix.min_things), min(high, mix.max_things) + 1))


def _draw(
    rng: Rng, name: str, *, seed: int, mix: Mix, frames: int, fps: float, aspect: float
) -> Scene:
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
        count=_count(rng, name, mix=mix),
    )
    things, happenings = play(stage, name) if name else still(stage)
    camera, cuts = film(rng, camera, mix=mix, frames=frames)
    return Scene(
        seed=seed,
        things=things,
        ground=pick(rng, mix.grounds),
        light=pick(rng, mix.lights),
        sun=float(rng.choice((-1.0, 1.0)) * rng.uniform(1.9, 2.6)),
        camera=camera,
        happenings=happenings,
        cuts=cuts,
        frames=frames,
        fps=fps,
        aspect=aspect,
    )
