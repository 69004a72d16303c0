"""The dials of a curriculum. In: nothing. Out: a frozen choice of what the world may show."""

from dataclasses import dataclass

from kinora.core.errors import UsageError
from kinora.world.vocabulary import COLOURS, GROUNDS, HAPPENINGS, KINDS, LIGHTS

HELDOUT = ("never", "only", "any")


@dataclass(frozen=True)
class Mix:
    """What scenes are drawn from; the defaults draw from everything.

    Args:
        min_things, max_things: how many things a scene has, 1 to 4.
        kinds, colours, grounds, lights: the words to draw from. Cookies are brown in any case.
        happenings: what may happen in clips of more than one frame.
        still_camera: share of clips in which the camera does not move.
        cuts: share of clips with a hard cut to another view.
        hats: share of Momos that wear one.
        heldout: `never` renders no held-out combination, `only` nothing else, `any` both.
    """

    min_things: int = 1
    max_things: int = 2
    kinds: tuple[str, ...] = KINDS
    colours: tuple[str, ...] = tuple(COLOURS)
    grounds: tuple[str, ...] = GROUNDS
    lights: tuple[str, ...] = LIGHTS
    happenings: tuple[str, ...] = tuple(HAPPENINGS)
    still_camera: float = 0.7
    cuts: float = 0.1
    hats: float = 0.4
    heldout: str = "never"

    def __post_init__(self) -> None:
        if not 1 <= self.min_things <= self.max_things <= 4:
            raise UsageError(
                f"a scene of {self.min_things} to {self.max_things} things cannot be drawn",
                remedy="Use 1 to 4 things",
            )
        _check("kinds", self.kinds, KINDS)
        _check("colours", self.colours, tuple(COLOURS))
        _check("grounds", self.grounds, GROUNDS)
        _check("lights", self.lights, LIGHTS)
        _check("happenings", self.happenings, tuple(HAPPENINGS))
        _check("heldout", (self.heldout,), HELDOUT)


def _check(field: str, words: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        raise UsageError(
            f"'{', '.join(unknown)}' is not among the {field} of the world",
            remedy=f"Use one or more of: {', '.join(known)}",
        )
