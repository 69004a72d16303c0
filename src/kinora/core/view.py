"""Which number is which camera. In: a name or a number, as typed. Out: the number that a canvas has.

All of them look at the same centre from the same distance, at the same moment.
"""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

VIEWS = ("front", "left", "right", "back", "above")
"""In the order of their numbers, as models are taught them; a film is seen from the front."""


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
