"""Somebody of a scene, alone and elsewhere. In: a scene. Out: one frame that shows who it is.

What a character's reference is learnt from: the same looks on another ground, in another light.
"""

from dataclasses import replace

from kinora.core.seed import derive
from kinora.world.camera import poses
from kinora.world.caption import caption
from kinora.world.clip import WorldClip
from kinora.world.mix import Mix
from kinora.world.motion import at_rest
from kinora.world.render import render
from kinora.world.sample import sample_scene
from kinora.world.scene import Scene, Thing
from kinora.world.take import Take
from kinora.world.truth import record

TRIES = 24


def sitter(scene: Scene) -> int:
    """Whom a portrait of the scene shows: the first Momo, or else the first thing."""
    return next((i for i, thing in enumerate(scene.things) if thing.kind == "momo"), 0)


def portrait(scene: Scene, *, width: int, height: int) -> WorldClip:
    """A still of `sitter(scene)` alone; the ground and the light are drawn anew, never a held-out one."""
    alone = _scene(scene, aspect=width / height)
    cameras, views = poses(alone)
    take = Take(alone, at_rest(alone))
    frames, ids = render(alone, take.motion, poses=cameras, width=width, height=height)
    truth = record(take, ids=ids, poses=cameras, views=views)
    return WorldClip(frames, ids, alone, truth, caption(alone, truth))


def _scene(scene: Scene, *, aspect: float) -> Scene:
    """A still scene of one thing of the sitter's size, given the sitter's looks."""
    who = scene.things[sitter(scene)]
    colours = Mix().colours if who.kind == "cookie" else (who.colour,)
    mix = Mix(max_things=1, kinds=(who.kind,), colours=colours, hats=float(bool(who.hat)))
    for attempt in range(TRIES):
        seed = derive(scene.seed, "portrait", attempt)
        found = sample_scene(seed, mix=mix, frames=1, aspect=aspect)
        if found.things[0].size == who.size:
            break
    return replace(found, things=(_dressed(found.things[0], who),))


def _dressed(thing: Thing, who: Thing) -> Thing:
    return replace(thing, finish=who.finish, hat=who.hat)
