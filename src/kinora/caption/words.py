"""Facts in words. In: what was seen. Out: tags, a sentence, a paragraph; what is unsure stays unsaid."""

from dataclasses import dataclass

from kinora.caption.answers import UNKNOWN
from kinora.caption.facts import SURE_ENOUGH, Answer, Seen, SeenThing
from kinora.caption.happen import happenings

NOTHING = "nothing that is known"
WITH_TIMES = ("falls", "bounces", "is bitten", "is out of sight")
STILL = "still"
MOVES = {
    STILL: "is still",
    "pan left": "pans left",
    "pan right": "pans right",
    "orbit left": "orbits to the left",
    "orbit right": "orbits to the right",
    "dolly in": "dollies in",
    "dolly out": "dollies out",
    "rise": "rises",
}
"""Camera move -> its clause; the words are those that prompts are read with."""
HERE = {0: "left", 1: "middle", 2: "right"}


def place_of(ground: str, light: str) -> str:
    """` on snow at noon`, of what is known."""
    return f"{f' on {ground}' if ground else ''}{f' at {light}' if light else ''}"


@dataclass(frozen=True)
class Words:
    """The same facts at three lengths."""

    tags: str
    sentence: str
    paragraph: str


def in_words(seen: Seen) -> Words:
    """Tell what was seen; every word is one that the judge is sure of."""
    teller = Teller(seen)
    return Words(tags=teller.tags(), sentence=teller.sentence(), paragraph=teller.paragraph())


@dataclass(frozen=True)
class Teller:
    """What was seen, on its way into words."""

    seen: Seen

    def tags(self) -> str:
        """Names, places and moves, and nothing between them."""
        if not self.known:
            return UNKNOWN
        ground, light = self.setting()
        move = self.word(self.seen.move)
        shot = [move] if move not in ("", STILL) else []
        shot += ["cut"] if self.seen.shots[1:] else []
        return ", ".join([*self.names(), *filter(None, (ground, light)), *shot]) or UNKNOWN

    def sentence(self) -> str:
        """Who does what, where, and how the camera follows."""
        if not self.known:
            return NOTHING
        things = [f"{_article(name)} {name}" for name in self.names()]
        doing = _doing(self.seen.things[0]) if things else ""
        move = self.word(self.seen.move)
        shot = f", the camera {MOVES[move]}" if move not in ("", STILL) else ""
        if not doing:
            return f"{_listed(things) or NOTHING}{self.place()}{shot}"
        others = f"; there is also {_listed(things[1:])}" if things[1:] else ""
        return f"{things[0]} {doing}{self.place()}{shot}{others}"

    def paragraph(self) -> str:
        """Everything, as a director would."""
        if not self.known:
            return f"{NOTHING}."
        place, shots = self.place(), self.shots()
        if not self.seen.things:
            return " ".join([f"{NOTHING}{place}.", *shots])
        parts = [part for thing in self.seen.things for part in self.thing(thing)]
        return " ".join([*parts, *([f"all this is{place}."] if place else []), *shots])

    @property
    def known(self) -> bool:
        """Whether this is the world that the judge knows."""
        return self.seen.worldly >= SURE_ENOUGH

    def word(self, answer: Answer) -> str:
        """The answer, or nothing where it is not sure enough."""
        told = self.seen.told(answer).word
        return "" if told == UNKNOWN else told

    def setting(self) -> tuple[str, str]:
        """Ground and light."""
        ground, light = (self.word(self.seen.of_frames[name]) for name in ("ground", "light"))
        return ground, light

    def place(self) -> str:
        """Where and when all this is."""
        return place_of(*self.setting())

    def names(self) -> list[str]:
        """Short names of all things."""
        return [self.name(thing) for thing in self.seen.things]

    def name(self, thing: SeenThing, *, long: bool = False) -> str:
        """`red ball`; with size and finish if `long`."""
        asked = ("size", "finish", "colour") if long else ("colour",)
        words = [self.word(thing.answers[name]) for name in asked]
        brown = thing.kind == "cookie"
        kind = self.word(thing.answers["kind"]) or "thing"
        kept = [word for word in words if word and not (brown and word == "brown")]
        hat = self.word(thing.answers["hat"]) if thing.kind == "momo" else ""
        worn = f" with {_article(hat)} {hat} hat" if hat not in ("", "none") else ""
        return " ".join([*kept, kind]) + worn

    def thing(self, thing: SeenThing) -> list[str]:
        """Sentences about one thing."""
        name = self.name(thing, long=True)
        where = HERE[min(2, max(0, int(thing.spots[0].x * 3)))]
        spot = "in the middle" if where == "middle" else f"on the {where}"
        parts = [f"{_article(name)} {name} is {spot}."]
        if doing := _doing(thing):
            parts.append(f"the {self.name(thing)} {doing}.")
        parts += _when(thing, self.seen)
        if bites := thing.spots[-1].bites if thing.kind == "cookie" else 0:
            parts.append(f"it has {bites} {'bite' if bites == 1 else 'bites'} taken out of it.")
        return parts

    def shots(self) -> list[str]:
        """What the camera does, and when the picture cuts."""
        told, before = [], ""
        for number, shot in enumerate(self.seen.shots):
            if number:
                told.append(f"at {shot.start / self.seen.fps:.1f} seconds there is a cut.")
            move = self.word(shot.move)
            if move and move != before:
                told.append(f"{'then ' if number else ''}the camera {MOVES[move]}.")
            before = move
        return told


def _when(thing: SeenThing, seen: Seen) -> list[str]:
    """What it does beside going somewhere, each with its second."""
    told = happenings(thing.spots, frames=seen.frames, fps=seen.fps)
    return [
        f"at {each.start:.1f} seconds it {each.name}."
        for each in told
        if each.name in WITH_TIMES and (each.name != "is bitten" or thing.kind == "cookie")
    ]


def _doing(thing: SeenThing) -> str:
    """Which way it goes, if it goes anywhere."""
    return f"moves to the {thing.heading}" if thing.heading != "none" else ""


def _article(phrase: str) -> str:
    return "an" if phrase[:1] in "aeiou" else "a"


def _listed(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
