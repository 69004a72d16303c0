"""What things do, in words. In: a happening and where it leads. Out: a verb and what follows it."""

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
    match name:
        case "rolls" | "slides" | "hops":
            return f"{say(rng, name)} {_way(rng, way)}".strip()
        case "bounces" if happening.heading:
            return f"bounces {_way(rng, way)}".strip()
        case "bounces" | "jumps":
            return f"{say(rng, name)} {one(rng, ('up and down', 'on the spot', ''))}".strip()
        case "falls":
            return f"{say(rng, name)} {one(rng, ('from above', 'down', 'from the sky'))}"
        case "spins":
            return f"{say(rng, name)} {one(rng, ('around', 'on the spot', ''))}".strip()
        case "circles":
            return f"circles {target}" if target else one(rng, ("moves in a circle", "circles"))
        case "bumps into":
            return f"{say(rng, 'bumps')} into {target}"
        case "pushes":
            return f"{say(rng, 'pushes')} {target} {_way(rng, way)}".strip()
        case "passes behind":
            out = one(rng, ("and comes out again", "and comes out on the other side", ""))
            return f"passes behind {target} {out}".strip()
        case "stacks":
            return f"{say(rng, 'falls')} onto {target} {one(rng, ('and stays there', ''))}".strip()
        case "topples":
            return f"{one(rng, ('knocks over', 'rolls into'))} a stack of {target}"
        case "eats":
            return one(rng, (f"{say(rng, 'eats')} {target}", f"takes bites out of {target}"))
        case "looks":
            return (
                f"looks at {target}"
                if target
                else one(rng, ("looks around", "looks left and right"))
            )
        case "turns":
            return one(rng, ("turns around", "turns around slowly"))
        case _:
            return one(rng, ("stands still", "stands", "stands there"))


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
