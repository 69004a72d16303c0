"""Every question that a frame can answer. In: nothing. Out: the words of each answer, in order.

The order is part of the trained weights: append, never reorder.
"""

from collections.abc import Mapping

from kinora.world.vocabulary import FINISHES, GROUNDS, HAT_COLOURS, KINDS, LIGHTS, PALETTE, SIZES

UNKNOWN = "unknown"
MOST_THINGS = 4
MOST_BITES = 3

OF_A_THING: Mapping[str, tuple[str, ...]] = {
    "kind": tuple(KINDS),
    "colour": tuple(PALETTE),
    "size": tuple(SIZES),
    "finish": tuple(FINISHES),
    "hat": ("none", *HAT_COLOURS),
    "bites": tuple(str(count) for count in range(MOST_BITES + 1)),
}
"""What is asked at the place of every thing; the last number of bites means that many or more."""

OF_A_FRAME: Mapping[str, tuple[str, ...]] = {"ground": tuple(GROUNDS), "light": tuple(LIGHTS)}
"""What is asked of the whole picture."""

BOX = 4
"""Numbers that say where a thing is: centre x and y, width, height."""
