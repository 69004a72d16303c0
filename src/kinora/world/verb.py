"""What things do, in words. In: a happening and where it leads. Out: a verb and what follows."""

from collections.abc import Mapping

from kinora.world.phrase import Rng, one, say
from kinora.world.scene import Happening
from kinora.world.vocabulary import PARTICIPLES


def act(rng: Rng, happening: Happening, *, way: str, target: str) -> str:
    """The verb phrase, as in `rolls to the left` or `bumps into a blue cube`.

    Args:
        way: `left`, `right`, or empty if it cannot be said.
        target: the other thing with its article, or empty.
    """
    name = happening.name
    if name == "bounces" and not happening.heading:
        return f"bounces {one(rng, ('up and down', 'on the spot', ''))}".strip()
    if name in ("rolls", "slides", "hops", "bounces"):
        return f"{say(rng, name)} {_way(rng, way)}".strip()
    if target:
        return _done_to(rng, name, way=way, target=target)
    verb = say(rng, name.split(maxsplit=1)[0])
    return f"{verb} {one(rng, _TAILS[name])}".strip() if name in _TAILS else one(rng, _STILL)


_STILL = ("stands still", "stands", "stands there")
_TAILS: Mapping[str, tuple[str, ...]] = {
    "jumps": ("up and down", "on the spot", ""),
    "falls": ("from above", "down", "from the sky"),
    "spins": ("around", "on the spot", ""),
    "circles": ("", "around"),
    "turns": ("around", "around slowly"),
    "looks": ("around", "left and right", "to both sides"),
}


def _done_to(rng: Rng, name: str, *, way: str, target: str) -> str:
    """What is done to another thing."""
    phrases: Mapping[str, tuple[str, ...]] = {
        "circles": (f"circles {target}",),
        "looks": (f"looks at {target}",),
        "bumps into": (f"{say(rng, 'bumps')} into {target}",),
        "pushes": (f"{say(rng, 'pushes')} {target} {_way(rng, way)}",),
        "passes behind": tuple(f"passes behind {target}{end}" for end in _OUT),
        "stacks": tuple(f"{say(rng, 'falls')} onto {target}{end}" for end in _STAYS),
        "topples": tuple(f"{verb} a stack of {target}" for verb in ("knocks over", "rolls into")),
        "eats": (f"{say(rng, 'eats')} {target}", f"takes bites out of {target}"),
    }
    return one(rng, phrases[name]).strip()


_OUT = (" and comes out again", " and comes out on the other side", "")
_STAYS = (" and stays there", " and stays on top", "")


def _way(rng: Rng, way: str) -> str:
    if not way:
        return ""
    other = "right" if way == "left" else "left"
    return one(rng, (way, f"to the {way}", f"to the {way}", f"from {other} to {way}"))


def as_phrase(clause: str) -> str:
    """`rolls left` as `rolling left`; unchanged if the verb has no such form."""
    verb, _, rest = clause.partition(" ")
    if verb not in PARTICIPLES or " and " in rest:
        return clause
    return f"{PARTICIPLES[verb]} {rest}".strip()
