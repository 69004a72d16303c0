"""The dials of a curriculum. In: nothing. Out: a frozen choice of what the world may show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
        shares = {"still_camera": self.still_camera, "cuts": self.cuts, "hats": self.hats}
        for name, share in shares.items():
            if not 0.0 <= share <= 1.0:
                raise UsageError(f"{name} of {share:g} is no share", remedy="Use 0 to 1")
        _check("kinds", self.kinds, KINDS)
        _check("colours", self.colours, tuple(COLOURS))
        _check("grounds", self.grounds, GROUNDS)
        _check("lights", self.lights, LIGHTS)
        _check("happenings", self.happenings, tuple(HAPPENINGS))
        _check("heldout", (self.heldout,), HELDOUT)


def parse_mix(assignments: Sequence[str]) -> Mix:
    """A mix from words like `max_things=1` and `kinds=ball,cube`; `UsageError` if one is unknown."""
    values: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or name not in Mix.__dataclass_fields__:
            known = ", ".join(Mix.__dataclass_fields__)
            raise UsageError(f"'{text}' is no dial of the mix", remedy=f"Use NAME=VALUE: {known}")
        values[name] = _value(text, value, like=getattr(Mix, name))
    return Mix(**values)


def _value(text: str, value: str, *, like: object) -> object:
    if isinstance(like, tuple):
        return tuple(word.strip() for word in value.split(","))
    try:
        return type(like)(value) if isinstance(like, int | float) else value
    except ValueError:
        raise UsageError(f"'{text}' needs a number", remedy="Write it as NAME=NUMBER") from None


def _check(field: str, words: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        raise UsageError(
            f"'{', '.join(unknown)}' is not among the {field} of the world",
            remedy=f"Use one or more of: {', '.join(known)}",
        )
