"""Every word of the world. In: nothing. Out: kinds, colours, sizes, grounds, lights, synonyms."""

from collections.abc import Mapping

RGB = tuple[float, float, float]

KINDS = ("ball", "cube", "cylinder", "cone", "capsule", "ring", "cookie", "momo")
SIZES = ("small", "medium", "large")
FINISHES = ("matte", "shiny")
GROUNDS = ("grass", "sand", "snow", "wood", "stone")
LIGHTS = ("noon", "sunset", "night")

COLOURS: Mapping[str, RGB] = {
    "red": (0.88, 0.11, 0.11),
    "orange": (1.00, 0.50, 0.04),
    "yellow": (0.99, 0.87, 0.12),
    "green": (0.08, 0.60, 0.22),
    "blue": (0.11, 0.30, 0.90),
    "purple": (0.50, 0.16, 0.70),
    "pink": (1.00, 0.52, 0.74),
    "white": (0.97, 0.97, 0.97),
    "black": (0.09, 0.09, 0.10),
}
"""The colours that a thing can be drawn in, sRGB in 0..1; cookies are brown."""

COOKIE_BROWN: RGB = (0.76, 0.52, 0.27)
HAT_COLOURS = ("red", "yellow", "blue", "white", "black")

PALETTE: Mapping[str, RGB] = {**COLOURS, "brown": COOKIE_BROWN}

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "ball": ("sphere", "orb"),
    "cube": ("box", "block"),
    "cylinder": ("drum",),
    "capsule": ("pill",),
    "ring": ("hoop", "torus"),
    "cookie": ("biscuit",),
    "red": ("crimson", "scarlet"),
    "orange": ("tangerine",),
    "yellow": ("golden",),
    "green": ("emerald",),
    "blue": ("azure",),
    "purple": ("violet",),
    "pink": ("rosy",),
    "small": ("little", "tiny"),
    "large": ("big", "huge"),
    "shiny": ("glossy", "polished"),
    "matte": ("dull",),
    "grass": ("meadow", "lawn"),
    "sand": ("beach",),
    "wood": ("planks",),
    "stone": ("tiles",),
    "falls": ("drops",),
    "rolls": (),
    "slides": ("glides",),
    "spins": ("rotates", "twirls"),
    "jumps": ("leaps",),
    "bumps": ("crashes",),
    "pushes": ("shoves",),
    "hops": (),
    "eats": ("munches",),
    "bites": ("chomps",),
    "topples": ("tumbles",),
    "noon": ("midday",),
    "sunset": ("dusk",),
    "night": ("nighttime",),
}
"""Canonical word -> other words for exactly the same. No synonym has two meanings."""

PARTICIPLES: Mapping[str, str] = {
    "stands": "standing",
    "lies": "lying",
    "falls": "falling",
    "bounces": "bouncing",
    "rolls": "rolling",
    "slides": "sliding",
    "spins": "spinning",
    "jumps": "jumping",
    "circles": "circling",
    "bumps": "bumping",
    "pushes": "pushing",
    "passes": "passing",
    "hops": "hopping",
    "turns": "turning",
    "looks": "looking",
    "eats": "eating",
    "bites": "biting",
    "topples": "toppling",
}
"""Verb -> the form that makes a noun phrase of a sentence, as in `a red ball rolling left`."""


def same_words() -> dict[str, tuple[str, ...]]:
    """Canonical word -> every other word or form for it, for whoever reads a wish."""
    forms = {verb: (form,) for verb, form in PARTICIPLES.items()}
    return {
        word: (*SYNONYMS.get(word, ()), *forms.get(word, ()))
        for word in sorted({*SYNONYMS, *forms})
    }


HAPPENINGS: Mapping[str, tuple[str, ...]] = {
    "stands still": KINDS,
    "falls": ("ball", "cube", "cylinder", "cone", "capsule", "ring", "momo"),
    "bounces": ("ball", "cube", "cylinder", "cone", "capsule", "ring", "momo"),
    "rolls": ("ball", "ring", "cookie", "cylinder", "capsule"),
    "slides": ("cube", "cylinder", "cone", "capsule"),
    "spins": ("cube", "ring", "cookie", "momo", "capsule"),
    "jumps": ("ball", "cube", "cylinder", "cone", "capsule", "ring", "momo"),
    "circles": ("ball", "cube", "cone", "cylinder", "momo"),
    "bumps into": ("ball", "cube"),
    "pushes": ("cube", "cylinder", "momo"),
    "passes behind": ("ball", "cube", "cylinder", "cone", "ring", "cookie"),
    "stacks": ("cube", "cylinder"),
    "topples": ("ball",),
    "hops": ("momo",),
    "turns": ("momo",),
    "looks": ("momo",),
    "eats": ("momo",),
}
"""What can happen, and to which kinds; who acts comes first."""

TARGETS: Mapping[str, tuple[str, ...]] = {
    "bumps into": ("ball", "cube", "cylinder", "cone"),
    "pushes": ("cube", "cylinder", "cone"),
    "passes behind": ("cube", "cylinder", "ball", "cone"),
    "stacks": ("cube", "cylinder"),
    "topples": ("cube", "cylinder"),
    "eats": ("cookie",),
}
"""The kinds to which it can be done."""

COMPANY: Mapping[str, tuple[int, int]] = {
    "circles": (1, 2),
    "bumps into": (2, 2),
    "pushes": (2, 2),
    "passes behind": (2, 2),
    "stacks": (2, 2),
    "topples": (3, 4),
    "eats": (2, 2),
}
"""How few and how many things a happening needs; the others take place in any company."""

LONG = ("bumps into", "pushes", "passes behind", "stacks", "topples", "eats")
"""What takes two seconds to be seen."""
