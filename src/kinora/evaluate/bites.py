"""Bites. In: a model, the judge. Out: rows on whether a bite stays: in view, behind a card, and where nobody bites.

The first two are asked again of the model without its memory: the difference is what the memory buys.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kinora.caption.facts import Seen
from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.denoise.model import FilmModel
from kinora.evaluate.onward import Wish, behind_a_card, go_on
from kinora.evaluate.promise import real
from kinora.evaluate.row import Row
from kinora.evaluate.seam import seam_distance
from kinora.evaluate.staged import Staged, beginning, named, row, staged, trait
from kinora.evaluate.state import LATER, Trait, bitten, others_stay
from kinora.world.scene import Happening

PER_SCENE = 5
"""Films of one scene: shown and hidden, each with memory and without, and one without a bite."""


def bite_rows(model: FilmModel, judge: Judge, *, count: int, wish: Wish) -> Iterator[Row]:
    """A bite that is shown, one that is then hidden, both without memory too, and the same scene without one."""
    for one in staged("eats", count):
        for hidden in (False, True):
            yield bite_row(model, judge, one, wish=wish, hidden=hidden)
            yield bite_row(model, judge, one, wish=replace(wish, memory=False), hidden=hidden)
        yield control_row(model, judge, one, wish=wish)


def bite_row(model: FilmModel, judge: Judge, one: Staged, *, wish: Wish, hidden: bool) -> Row:
    """A film that is given the bite, and may be given a card that then hides all, and goes on."""
    start, more, prompt = beginning(model, one), wish.lasting + 1.0, one.promise.prompt
    if hidden:
        film, first = behind_a_card(model, prompt, start, more=more, wish=wish)
    else:
        film, first = go_on(model, (prompt,), start, more=more, wish=wish), len(start)
    name, at = "hidden bite" if hidden else "bite", first / start.fps
    others = [trait(thing) for thing in one.scene.things if thing.kind != "cookie"]
    found = _of_bite(name, judge.see(Clip(film.frames[first:], film.fps)), others)
    numbers = {f"{key}{wish.ending}": value for key, value in found.items()}
    if not hidden and wish.memory:
        numbers["seam after a bite"] = seam_distance(film, len(start))
        truly = real(one.promise, width=start.width, height=start.height)
        if len(truly) > len(start):
            rest = judge.see(Clip(truly.frames[len(start) :], truly.fps))
            floor = _of_bite(name, rest, others)
            numbers |= {f"{key}, parse floor": value for key, value in floor.items()}
    return row(one.scene, f"{name} at {at:g}{wish.ending}", prompt=prompt, numbers=numbers)


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
    start = beginning(model, replace(one, promise=promise))
    # Every thing is named: guidance makes what the words leave out into what they say.
    names = " beside ".join(map(named, scene.things))
    prompt = f"{names} stands still on {scene.ground} at {scene.light}"
    film = go_on(model, (prompt,), start, more=wish.lasting + 1.0, wish=wish)
    seen = judge.see(Clip(film.frames[len(start) :], film.fps))
    # Asked as of a bite: by what most frames of half a second show, at the same moments.
    asked = [0.0, *(later for later in LATER if seen.frames / seen.fps > later)]
    none = not any(bitten(seen, second) for second in asked)
    numbers = {"no bite without a bite": float(none)}
    return row(scene, "control", prompt=one.promise.prompt, numbers=numbers)
