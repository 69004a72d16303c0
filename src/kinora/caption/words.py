"""Facts in words. In: what was seen. Out: tags, a sentence, a paragraph; what is unsure stays unsaid."""

from dataclasses import dataclass

from kinora.caption.answers import UNKNOWN
from kinora.caption.facts import Answer, Seen, SeenThing
from kinora.caption.happen import happenings

NOTHING = "nothing that is known"
WITH_TIMES = ("falls", "bounces", "is bitten", "is out of sight")
HERE = {0: "left", 1: "middle", 2: "right"}


@dataclass(frozen=True)
class Words:
    """The same facts at three lengths."""

    tags: str
    sentence: str
    paragraph: str


def in_words(seen: Seen) -> Words:
    """Tell what was seen; every word is one that the judge is sure of."""
    ground, light = (_sure(seen.of_frames[name]) for name in ("ground", "light"))
    names = [name_of(thing) for thing in seen.things]
    tags = ", ".join([*names, *filter(None, (ground, light))])
    place = f"{f' on {ground}' if ground else ''}{f' at {light}' if light else ''}"
    things = [f"{_article(name)} {name}" for name in names]
    doing = _doing(seen.things[0]) if seen.things else ""
    if doing:
        others = f"; there is also {_listed(things[1:])}" if things[1:] else ""
        sentence = f"{things[0]} {doing}{place}{others}"
    else:
        sentence = f"{_listed(things) or NOTHING}{place}"
    return Words(tags=tags or UNKNOWN, sentence=sentence, paragraph=_paragraph(seen, place))


def name_of(thing: SeenThing, *, long: bool = False) -> str:
    """`red ball`; with size and finish if `long`."""
    asked = ("size", "finish", "colour") if long else ("colour",)
    words = [_sure(thing.answers[name]) for name in asked]
    brown = thing.kind == "cookie"
    kind = _sure(thing.answers["kind"]) or "thing"
    name = " ".join([word for word in words if word and not (brown and word == "brown")] + [kind])
    hat = _sure(thing.answers["hat"]) if thing.kind == "momo" else ""
    return f"{name} with {_article(hat)} {hat} hat" if hat not in ("", "none") else name


def _paragraph(seen: Seen, place: str) -> str:
    if not seen.things:
        return f"{NOTHING}{place}."
    parts = []
    for thing in seen.things:
        name = name_of(thing, long=True)
        where = HERE[min(2, max(0, int(thing.spots[0].x * 3)))]
        spot = "in the middle" if where == "middle" else f"on the {where}"
        parts.append(f"{_article(name)} {name} is {spot}.")
        if doing := _doing(thing):
            parts.append(f"the {name_of(thing)} {doing}.")
        parts += _when(thing, seen)
        if bites := thing.spots[-1].bites if thing.kind == "cookie" else 0:
            parts.append(f"it has {bites} {'bite' if bites == 1 else 'bites'} taken out of it.")
    setting = f"all this is{place}." if place else ""
    return " ".join([*parts, setting]).strip()


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


def _sure(answer: Answer) -> str:
    return "" if answer.honest == UNKNOWN else answer.word


def _article(phrase: str) -> str:
    return "an" if phrase[:1] in "aeiou" else "a"


def _listed(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
