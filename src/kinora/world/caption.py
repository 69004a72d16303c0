"""A clip in words, at three lengths. In: a scene and its truth. Out: tags, a sentence, a paragraph.

Lower case, commas and full stops only; says nothing that the frames do not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kinora.core.seed import numpy_generator
from kinora.world.phrase import Rng, article, listed, noun, one, say, short, when, where
from kinora.world.scene import Happening, Scene
from kinora.world.truth import Truth, direction
from kinora.world.verb import act, as_phrase


@dataclass(frozen=True)
class Captions:
    """The same clip told three times: tag-like, in one sentence, in two to five sentences."""

    tags: str
    sentence: str
    paragraph: str


@dataclass(frozen=True)
class Teller:
    """Everything a caption is told from; the thing `plain` is called by its kind alone."""

    rng: Rng
    scene: Scene
    truth: Truth
    plain: int | None = None

    def name(self, index: int, *, size: float = 0.3, finish: float = 0.2) -> str:
        """The thing with its adjectives, without an article."""
        if index == self.plain:
            return say(self.rng, self.scene.things[index].kind)
        return noun(self.rng, self.scene.things[index], size=size, finish=finish)

    def short(self, index: int) -> str:
        """The thing as it is called once it is known."""
        thing = self.scene.things[index]
        return f"the {say(self.rng, thing.kind)}" if index == self.plain else short(self.rng, thing)

    def doing(self, happening: Happening, *, target: str) -> str:
        """What a thing does, with its way across the picture."""
        way = direction(self.truth, happening.actor) if happening.heading else ""
        return act(self.rng, happening, way=way if way in SIDES else "", target=target)

    def target(self, happening: Happening, *, names: Sequence[str]) -> str:
        """To whom it is done: nobody, one thing, or the whole stack."""
        if happening.target is None:
            return ""
        if happening.name == "topples":
            return listed(names[1:])
        return names[happening.target]

    def bystanders(self) -> list[int]:
        """The things that take no part in the main happening."""
        main = self.scene.happenings[0] if self.scene.happenings else Happening("", 0)
        if main.name == "topples":
            return []
        return [i for i in range(len(self.scene.things)) if i not in (main.actor, main.target)]

    def side(self) -> str:
        """Where the first thing is, seen from the second, at the start."""
        first, second = self.truth.moments[0].things[:2]
        return "left" if first.centre[0] < second.centre[0] else "right"


SIDES = ("left", "right")
_PAST = ("rolls", "slides", "hops", "bounces")


def caption(scene: Scene, truth: Truth, *, plain: int | None = None) -> Captions:
    """Words for the clip; the same clip is always told the same way.

    Args:
        plain: the thing whose colour, size and hat are left to a reference.
    """
    teller = Teller(numpy_generator(scene.seed, "world", "caption"), scene, truth, plain)
    return Captions(tags=_tags(teller), sentence=_sentence(teller), paragraph=_paragraph(teller))


def _tags(teller: Teller) -> str:
    scene, rng = teller.scene, teller.rng
    names = [teller.name(index) for index in range(len(scene.things))]
    parts = names
    if scene.happenings:
        main = scene.happenings[0]
        target = teller.target(main, names=[article(name) for name in names])
        verb = teller.doing(main, target=target)
        rest = [names[index] for index in teller.bystanders()]
        parts = [names[0], as_phrase(verb) if rng.random() < 0.5 else verb, *rest]
    elif scene.things[0].stance == "hangs":
        parts = [names[0], "in the air", *names[1:]]
    move = scene.camera.move
    shot = [move] if move != "still" and rng.random() < 0.5 else []
    return ", ".join([*parts, say(rng, scene.ground), say(rng, scene.light), *shot])


def _sentence(teller: Teller) -> str:
    scene, rng = teller.scene, teller.rng
    tail = f"on {where(rng, scene.ground)} {when(rng, scene.light)}"
    if not scene.happenings:
        return _still_sentence(teller, tail)
    main = scene.happenings[0]
    things = range(len(scene.things))
    target = teller.target(main, names=[article(teller.name(i, finish=0.1)) for i in things])
    clause = teller.doing(main, target=target)
    others = [article(teller.name(i, size=0.25, finish=0.15)) for i in teller.bystanders()]
    clause = as_phrase(clause) if rng.random() < 0.25 else clause
    if others:
        past = main.name in _PAST and main.heading != 0 and len(others) == 1
        joint = "past" if past else one(rng, ("next to", "beside", "near"))
        clause = f"{clause} {joint} {listed(others)}"
    move = scene.camera.move
    shot = f", {camera_words(rng, move)}" if move != "still" and rng.random() < 0.35 else ""
    return f"{article(teller.name(main.actor, size=0.35))} {clause} {tail}{shot}"


def _still_sentence(teller: Teller, tail: str) -> str:
    names = [article(teller.name(i)) for i in range(len(teller.scene.things))]
    if all(thing.stance == "hangs" for thing in teller.scene.things):
        return f"{listed(names)} in the air over {tail.removeprefix('on ')}"
    if len(names) != 2:
        return f"{listed(names)} {tail}"
    relations = ("and", "next to", f"to the {teller.side()} of", f"{teller.side()} of", "beside")
    return f"{names[0]} {one(teller.rng, relations)} {names[1]} {tail}"


def _paragraph(teller: Teller) -> str:
    scene, rng = teller.scene, teller.rng
    sentences = [_setting(teller)]
    for happening in scene.happenings:
        if happening.name == "stands still":
            continue
        target = teller.target(happening, names=[teller.short(i) for i in range(len(scene.things))])
        subject = teller.short(happening.actor)
        sentences.append(f"{subject} {teller.doing(happening, target=target)}.")
    light = one(rng, ("it is {}.", "the light is that of {}.", "all this {}."))
    sentences.append(
        light.format(when(rng, scene.light) if "all" in light else say(rng, scene.light))
    )
    sentences.append(f"{camera_words(rng, scene.camera.move)}.")
    if scene.cuts:
        sentences.append(f"{_cut_words(rng, scene.cuts[0].view)}.")
    return " ".join(sentences)


def _setting(teller: Teller) -> str:
    """Who is there and where, with size and finish."""
    scene, rng = teller.scene, teller.rng
    names = [
        article(teller.name(i, size=1.0, finish=1.0))
        + (" in the air" if thing.stance == "hangs" else "")
        for i, thing in enumerate(scene.things)
    ]
    ground = where(rng, scene.ground)
    if len(names) == 2 and rng.random() < 0.4:
        return f"on {ground} there is {names[0]}, {teller.side()} of {names[1]}."
    return f"on {ground} there {'is' if len(names) == 1 else 'are'} {listed(names)}."


def camera_words(rng: Rng, move: str) -> str:
    """The camera's move as a clause."""
    kind, _, side = move.partition(" ")
    match kind:
        case "pan":
            return f"the camera pans {one(rng, (side, f'to the {side}'))}"
        case "orbit":
            return f"the camera {one(rng, ('orbits', 'moves around'))} to the {side}"
        case "dolly":
            other = "moves closer" if side == "in" else "moves back"
            return f"the camera {one(rng, (f'dollies {side}', other))}"
        case "rise":
            return f"the camera {one(rng, ('rises', 'moves up'))}"
        case _:
            return one(rng, ("the camera is still", "the camera does not move"))


def _cut_words(rng: Rng, view: str) -> str:
    spot = "from above" if view == "above" else f"from the {view}"
    return one(rng, (f"then a cut to the view {spot}", f"after a cut we see it {spot}"))
