"""Films staged for one question each. In: a model, the judge. Out: rows on bites, hiding, joining, shots.

The beginnings are real frames of the world, so that what is asked is whether the model goes on rightly and not
whether it can draw a cookie. What is asked of a film is asked of the real clip too, as far as that lasts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from kinora.caption.facts import Seen
from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.core.seed import derive
from kinora.denoise.condition import Hold, Words
from kinora.denoise.model import FilmModel
from kinora.evaluate.identity import identity
from kinora.evaluate.promise import Promise, real
from kinora.evaluate.row import Row
from kinora.evaluate.seam import seam_distance
from kinora.evaluate.state import LATER, Trait, bitten, others_stay
from kinora.generate import Request, generate
from kinora.timeline.extend import Extend, extend
from kinora.world.mix import Mix
from kinora.world.scene import Happening, Scene, Thing
from kinora.world.truth import Truth

HIDDEN = 2.0
"""Seconds for which a grey card hides everything."""
CARD = 128
AFTER = 4
"""Frames after the bite that the model is still given."""
NEAR = 0.15
"""Shares of the picture by which a thing that comes out again may be off."""
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


@dataclass(frozen=True)
class Wish:
    """How staged films are made: solver steps and guidance, and the seconds for which a bite must last."""

    steps: int | None = None
    guidance: float | None = None
    lasting: float = LATER[0]


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


def bite_rows(model: FilmModel, judge: Judge, *, count: int, wish: Wish) -> Iterator[Row]:
    """A bite that is shown, one that is then hidden, and the same scene without one."""
    for one in staged("eats", count):
        yield bite_row(model, judge, one, wish=wish, hidden=False)
        yield bite_row(model, judge, one, wish=wish, hidden=True)
        yield control_row(model, judge, one, wish=wish)


def bite_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish, hidden: bool) -> Row:
    """A film that is given the bite, and may be given a card that then hides all, and goes on."""
    start, more = _beginning(model, one), wish.lasting + 1.0
    if hidden:
        card = np.full((_card_frames(model, start.fps), *start.frames.shape[1:]), CARD, np.uint8)
        start = Clip(np.concatenate([start.frames, card]), start.fps)
        film = _behind(model, one.promise.prompt, start, more=more, wish=wish)
    else:
        film = _go_on(model, one.promise.prompt, start, more=more, wish=wish)
    name, at = "hidden bite" if hidden else "bite", len(start) / start.fps
    seen = judge.see(Clip(film.frames[len(start) :], film.fps))
    others = [trait(thing) for thing in one.scene.things if thing.kind != "cookie"]
    numbers = _of_bite(name, seen, others)
    if not hidden:
        numbers["seam after a bite"] = seam_distance(film, len(start))
        truly = real(one.promise, width=start.width, height=start.height)
        if len(truly) > len(start):
            rest = judge.see(Clip(truly.frames[len(start) :], truly.fps))
            floor = _of_bite(name, rest, others)
            numbers |= {f"{key}, parse floor": value for key, value in floor.items()}
    return _row(one, f"{name} at {at:g}", numbers)


def _of_bite(name: str, seen: Seen, others: Sequence[Trait]) -> dict[str, float]:
    """Whether the bite shows from the first frame on, and whether all else is still there."""
    numbers = {f"{name} shows": float(bitten(seen, 0.0))}
    for later in LATER:
        if seen.frames / seen.fps > later:
            numbers[f"{name} shows {later:g} s later"] = float(bitten(seen, later))
    return {**numbers, f"{name}, others stay": float(others_stay(seen, others))}


def control_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish) -> Row:
    """The same things, and nobody bites: no bite may show."""
    scene = one.scene
    calm = replace(scene, happenings=(Happening("stands still", 0),))
    promise = one.promise.model_copy(update={"scene": calm.to_json()})
    start = _beginning(model, replace(one, promise=promise))
    # Every thing is named: guidance makes what the words leave out into what they say.
    names = " beside ".join(map(_named, scene.things))
    prompt = f"{names} stands still on {scene.ground} at {scene.light}"
    film = _go_on(model, prompt, start, more=wish.lasting + 1.0, wish=wish)
    seen = judge.see(Clip(film.frames[len(start) :], film.fps))
    # Asked as of a bite: by what most frames of half a second show, at the same moments.
    asked = [0.0, *(later for later in LATER if seen.frames / seen.fps > later)]
    none = not any(bitten(seen, second) for second in asked)
    return _row(one, "control", {"no bite without a bite": float(none)})


def occluded_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish) -> Row:
    """A thing goes behind another: does it come out, itself, where physics has it?"""
    start = _beginning(model, replace(one, frame=max(0, one.frame - AFTER)))
    truly = real(one.promise, width=start.width, height=start.height)
    more = (len(truly) - len(start)) / start.fps
    film = _go_on(model, one.promise.prompt, start, more=more, wish=wish)
    numbers = {
        "comes out again": _comes_out(one, judge.see(film)),
        "comes out again, parse floor": _comes_out(one, judge.see(truly)),
    }
    return _row(one, "occluded", numbers)


def _comes_out(one: Staged, seen: Seen) -> float:
    thing, last = one.scene.things[0], len(one.truth.moments) - 1
    x, y = one.truth.moments[last].things[0].centre
    for each in seen.things:
        ends = [s for s in each.spots if s.frame >= last - AFTER and s.frame <= last]
        there = any(abs(s.x - x) <= NEAR and abs(s.y - y) <= NEAR for s in ends)
        if there and (each.kind, each.colour) == trait(thing):
            return 1.0
    return 0.0


def shots_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish) -> Row:
    """The words change half-way through a film: are its things the same in both halves?"""
    scene, seconds = one.scene, 4.0
    thing = _named(scene.things[0])
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
    return _row(one, "shots", {"identity across shots": identity([*map(judge.see, halves)])})


def trait(thing: Thing) -> Trait:
    """Kind and colour as the judge tells them."""
    return thing.kind, "brown" if thing.kind == "cookie" else thing.colour


def _named(thing: Thing) -> str:
    return f"a {thing.colour} {thing.kind}" if thing.kind != "cookie" else "a cookie"


def _beginning(model: FilmModel, one: Staged) -> Clip:
    """Real frames up to a little after the moment, as many as whole latent frames hold."""
    likes = model.capabilities
    clip = real(one.promise, width=likes.width, height=likes.height)
    wanted = min(len(clip), one.frame + AFTER + 1)
    latents = max(1, -(-(wanted - 1) // model.stride.time) + 1)
    return Clip(clip.frames[: model.stride.pixel_frames(latents)], clip.fps)


def _card_frames(model: FilmModel, fps: float) -> int:
    """Frames of the card: `HIDDEN` seconds in whole latent frames."""
    return max(1, round(HIDDEN * fps / model.stride.time)) * model.stride.time


def _go_on(model: FilmModel, prompt: str, start: Clip, *, more: float, wish: Wish) -> Clip:
    """The film that begins with these frames and goes on for so many seconds."""
    latents = model.encode(start)
    request = Request(
        (prompt,), (len(start) - 1) / start.fps + more, conditions=(Hold(latents),),
        steps=wish.steps, guidance=wish.guidance,
    )  # fmt: skip
    return generate(model, request).clip


def _behind(model: FilmModel, prompt: str, start: Clip, *, more: float, wish: Wish) -> Clip:
    """The same for a beginning that ends with a card, as the studio goes on from it."""
    edit = Extend(prompt=prompt, seconds=more, steps=wish.steps, guidance=wish.guidance)
    return extend(model, start, edit).clip


def _row(one: Staged, kind: str, numbers: dict[str, float]) -> Row:
    finite = {name: value for name, value in numbers.items() if np.isfinite(value)}
    key = f"{one.scene.seed}#{kind}"
    return Row(key=key, prompt=one.promise.prompt, heldout=False, wrong=(), numbers=finite)
