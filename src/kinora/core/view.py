"""Which number is which camera. In: a name or a number, as typed. Out: the number that a canvas has.

All of them look at the same centre from the same distance, at the same moment.
"""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

VIEWS = ("front", "left", "right", "back", "above")
"""In the order of their numbers, as models are taught them; a film is seen from the front."""

ROUND = (0, 2, 3, 1)
"""Those that stand round about, each a quarter turn to the right of the one before."""


def relative(view: int, base: int) -> int:
    """The number of camera `view` where films are seen from camera `base`: from the left, `front` stands on the right.

    From above no other is further round than any other: all are told apart from it, and not from each other.
    """
    if view in ROUND and base in ROUND:
        return ROUND[(ROUND.index(view) - ROUND.index(base)) % len(ROUND)]
    return 0 if view == base else VIEWS.index("above")


def view_index(told: object) -> int:
    """The number of `"left"`, `"1"` or `1`.

    Raises:
        PydanticCustomError: no camera has this name or number; with those there are.
    """
    if told in VIEWS:
        return VIEWS.index(str(told))
    known = {str(number): number for number in range(len(VIEWS))}
    if str(told) in known:
        return known[str(told)]
    cameras = ", ".join(f"{name} ({number})" for number, name in enumerate(VIEWS))
    raise PydanticCustomError("view", "there are the cameras {cameras}", {"cameras": cameras})


ViewIndex = Annotated[int, BeforeValidator(view_index)]
"""A field that takes a camera by name or number."""
