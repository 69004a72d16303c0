"""What a prompt promises. In: scenes of the world that training never saw. Out: prompts with their facts.

A fact is only promised if the prompt says it; the scene is kept, so that a real render of the very same
prompt can be judged beside the generated film.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter

from kinora.core.clip import Clip
from kinora.world.mix import Mix
from kinora.world.scene import Scene

Shape = Literal["films", "stills"]
HUNDRED = 100
MORE = 90_000_000
"""Before the first seed of prompts that are drawn when they are asked for; no training uses them."""
SIDES = ("left", "right")
TOLD = ("falls", "bounces", "rolls", "slides", "spins", "jumps", "hops", "pushes")
"""Happenings of the prompts, those that travel more often than not."""


class PromisedThing(BaseModel):
    """A thing that the prompt names; no colour for a cookie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    colour: str = ""


class Promise(BaseModel):
    """A prompt and what it says.

    Args:
        prompt: one sentence.
        things: the one that the sentence is about comes first.
        direction: `left` or `right` if the sentence says where the first thing goes, else empty.
        heldout: whether it holds a combination that no training may see.
        scene: the scene of the world that it was told from, as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    things: tuple[PromisedThing, ...]
    ground: str
    light: str
    direction: str = ""
    heldout: bool = False
    scene: str


def promises(shape: Shape = "films", *, count: int = HUNDRED) -> tuple[Promise, ...]:
    """The first `count` prompts; always the same ones.

    A hundred of films and a hundred of stills lie in a file, so that they outlive changes of the world.
    Any more are drawn from the world as it is, a hundred at a time.
    """
    found = {one.prompt: one for one in _stored()[shape]}
    hundred = 1
    while len(found) < count:
        for one in _drawn(shape, hundred):
            found.setdefault(one.prompt, one)
        hundred += 1
    return tuple(found.values())[:count]


@cache
def _drawn(shape: Shape, hundred: int) -> Sequence[Promise]:
    seed = MORE + hundred * 1_000_000
    return draw_all(HUNDRED, seed=seed, frames=33 if shape == "films" else 1)


@cache
def _stored() -> dict[str, tuple[Promise, ...]]:
    text = files("kinora.evaluate").joinpath("prompts_first_film.json").read_bytes()
    return TypeAdapter(dict[str, tuple[Promise, ...]]).validate_json(text)


def draw(seed: int, *, mix: Mix, frames: int) -> Promise:
    """The promise that a seed's scene makes in one sentence."""
    from kinora.world.clip import render_clip
    from kinora.world.truth import facts

    clip = render_clip(seed, mix=mix, frames=frames)
    said, sentence = facts(clip.scene, clip.truth), clip.captions.sentence
    words = sentence.split()
    told = said.direction if any(side in words for side in SIDES) and frames > 1 else ""
    return Promise(
        prompt=sentence,
        things=tuple(
            PromisedThing(kind=t.kind, colour="" if t.kind == "cookie" else t.colour)
            for t in said.things
        ),
        ground=said.ground,
        light=said.light,
        direction=told if told in SIDES else "",
        heldout=mix.heldout == "only",
        scene=clip.scene.to_json(),
    )


def draw_all(count: int, *, seed: int, frames: int) -> Sequence[Promise]:
    """`count` different promises: three in ten held out, three in ten about two things."""
    drawn: dict[str, Promise] = {}
    for index in range(count):
        things = 2 if index % 10 in (2, 5, 8) else 1
        mix = Mix(
            min_things=things,
            max_things=things,
            happenings=TOLD,
            still_camera=1.0,
            cuts=0.0,
            heldout="only" if index % 10 in (1, 4, 8) else "never",
        )
        attempt = 0
        while len(drawn) == index:
            one = draw(seed + index + attempt * count, mix=mix, frames=frames)
            drawn.setdefault(one.prompt, one)
            attempt += 1
    return list(drawn.values())


def real(promise: Promise, *, width: int = 256, height: int = 160) -> Clip:
    """What the world itself shows for the prompt."""
    from kinora.world.camera import poses
    from kinora.world.motion import at_rest
    from kinora.world.physics import simulate
    from kinora.world.render import render

    scene = Scene.from_json(promise.scene)
    motion = simulate(scene)[0] if scene.frames > 1 else at_rest(scene)
    frames, _ = render(scene, motion, poses=poses(scene)[0], width=width, height=height)
    return Clip(frames, scene.fps)


def ways(promise: Promise) -> NDArray[np.float64]:
    """Where physics puts the prompt's things: `[t n 2]` centres in shares of the picture."""
    from kinora.world.camera import poses
    from kinora.world.physics import simulate

    scene = Scene.from_json(promise.scene)
    places = simulate(scene)[0].positions.astype(np.float64)
    cameras = poses(scene)[0]
    seen = [c.project(places[t], aspect=scene.aspect) for t, c in enumerate(cameras)]
    return np.stack(seen)[..., :2]
