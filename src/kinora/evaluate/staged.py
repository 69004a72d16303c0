"""Films staged for one question each. In: a model, the judge. Out: scenes with their moment, rows on hiding and shots.

The beginnings are real frames of the world, so that what is asked is whether the model goes on rightly and not
whether it can draw a cookie. What is asked of a film is asked of the real clip too, as far as that lasts.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from kinora.caption.facts import Seen
from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.core.seed import derive
from kinora.denoise.condition import Words
from kinora.denoise.model import FilmModel
from kinora.evaluate.identity import identity
from kinora.evaluate.onward import Wish, go_on
from kinora.evaluate.placing import close, last_spots
from kinora.evaluate.promise import Promise, real
from kinora.evaluate.row import Row
from kinora.evaluate.state import Trait
from kinora.generate import Request, generate
from kinora.world.mix import Mix
from kinora.world.scene import Scene, Thing
from kinora.world.truth import Truth

AFTER = 4
"""Frames after the bite that the model is still given."""
FIRST = 80_000_000
"""First seed of the staged scenes; no training uses it."""


@dataclass(frozen=True)
class Staged:
    """A scene, its sentence, and the frame of what it is staged for.

    Args:
        frame: of the first bite, or of the moment in which one thing is behind the other.
    """

    promise: Promise
    truth: Truth
    frame: int

    @property
    def scene(self) -> Scene:
        """What the world plays."""
        return Scene.from_json(self.promise.scene)


@cache
def staged(happening: str, count: int) -> tuple[Staged, ...]:
    """The first `count` scenes of two things in which this happens before a still camera."""
    from kinora.world.clip import render_clip

    mix = Mix(
        min_things=2, max_things=2, happenings=(happening,), still_camera=1.0, cuts=0.0,
        heldout="any",
    )  # fmt: skip
    found = []
    for number in range(count):
        clip = render_clip(derive(FIRST, happening, number), mix=mix, width=128, height=80)
        promise = Promise(
            prompt=clip.captions.sentence, things=(), ground=clip.scene.ground,
            light=clip.scene.light, scene=clip.scene.to_json(),
        )  # fmt: skip
        found.append(Staged(promise, clip.truth, _moment(clip.truth)))
    return tuple(found)


def _moment(truth: Truth) -> int:
    """The frame of the first bite; without one, that in which the first thing shows least."""
    bites = [event.first for event in truth.events if event.name == "bites"]
    if bites:
        return bites[0]
    return int(np.argmin([moment.things[0].area for moment in truth.moments]))


def occluded_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish) -> Row:
    """A thing goes behind another: does it come out, itself, where physics has it?"""
    start = beginning(model, replace(one, frame=max(0, one.frame - AFTER)))
    truly = real(one.promise, width=start.width, height=start.height)
    more = (len(truly) - len(start)) / start.fps
    film = go_on(model, (one.promise.prompt,), start, more=more, wish=wish)
    numbers = {
        "comes out again": _comes_out(one, judge.see(film)),
        "comes out again, parse floor": _comes_out(one, judge.see(truly)),
    }
    return row(one.scene, "occluded", prompt=one.promise.prompt, numbers=numbers)


def _comes_out(one: Staged, seen: Seen) -> float:
    last = len(one.truth.moments) - 1
    spots = last_spots(seen, trait(one.scene.things[0]), last=last)
    return float(close(spots, one.truth.moments[last].things[0].centre))


def shots_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish) -> Row:
    """The words change half-way through a film: are its things the same in both halves?"""
    scene, seconds = one.scene, 4.0
    thing = named(scene.things[0])
    tail = f"on {scene.ground} at {scene.light}"
    prompts = (f"{thing} stands still {tail}", f"{thing} spins around {tail}")
    frames = model.stride.latent_frames(round(seconds * model.capabilities.fps) + 1)
    request = Request(
        prompts, seconds, seed=scene.seed, steps=wish.steps, guidance=wish.guidance,
        conditions=(Words(1, start=frames // 2),),
    )  # fmt: skip
    film = generate(model, request).clip
    cut = model.stride.pixel_frames(frames // 2)
    halves = [Clip(part, film.fps) for part in (film.frames[:cut], film.frames[cut:])]
    numbers = {"identity across shots": identity([*map(judge.see, halves)])}
    return row(scene, "shots", prompt=one.promise.prompt, numbers=numbers)


def trait(thing: Thing) -> Trait:
    """Kind and colour as the judge tells them."""
    return thing.kind, "brown" if thing.kind == "cookie" else thing.colour


def named(thing: Thing) -> str:
    """The thing as words call it, with its article."""
    return f"a {thing.colour} {thing.kind}" if thing.kind != "cookie" else "a cookie"


def beginning(model: FilmModel, one: Staged) -> Clip:
    """Real frames up to a little after the moment, as many as whole latent frames hold."""
    likes = model.capabilities
    clip = real(one.promise, width=likes.width, height=likes.height)
    wanted = min(len(clip), one.frame + AFTER + 1)
    latents = max(1, -(-(wanted - 1) // model.stride.time) + 1)
    return Clip(clip.frames[: model.stride.pixel_frames(latents)], clip.fps)


def row(scene: Scene, kind: str, *, prompt: str, numbers: dict[str, float]) -> Row:
    """The numbers of one staged film, those left out that could not be measured."""
    finite = {name: value for name, value in numbers.items() if np.isfinite(value)}
    key = f"{scene.seed}#{kind}"
    return Row(key=key, prompt=prompt, heldout=False, wrong=(), numbers=finite)
