"""Identity. In: what was seen in several shots. Out: how often a thing is the same in all of them."""

from collections.abc import Sequence

from kinora.caption.facts import Seen, SeenThing

TRAITS = ("kind", "colour", "hat")


def traits(thing: SeenThing) -> tuple[str, ...]:
    """What makes a thing itself; a hat only counts on a creature that can wear one."""
    return tuple(
        thing.answers[name].word if name != "hat" or thing.kind == "momo" else "" for name in TRAITS
    )


def identity(shots: Sequence[Seen]) -> float:
    """Share of the first shot's things that every later shot shows too, 0..1; 1 for a single shot."""
    if not shots or not shots[0].things:
        return 0.0
    lasting = 0
    rest = [[traits(thing) for thing in shot.things] for shot in shots[1:]]
    for thing in shots[0].things:
        there = [traits(thing) in others for others in rest]
        for others in rest:
            if traits(thing) in others:
                others.remove(traits(thing))
        lasting += all(there)
    return lasting / len(shots[0].things)
