"""Light in numbers. In: the words for ground and light. Out: the row of numbers the painters read.

Light tints ground and sky a lot and things a little, so an orange ball at night is still orange.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.vocabulary import GROUNDS, RGB


@dataclass(frozen=True)
class Light:
    """How one time of day looks; `height` is the sun's, in radians."""

    zenith: RGB
    horizon: RGB
    ground: RGB
    glow: RGB
    tint: RGB
    height: float
    shadow: float
    clouds: float
    stars: float


LOOKS: Mapping[str, Light] = {
    "noon": Light(
        zenith=(0.33, 0.58, 0.90),
        horizon=(0.80, 0.89, 0.96),
        ground=(1.0, 1.0, 1.0),
        glow=(0.0, 0.0, 0.0),
        tint=(1.0, 1.0, 1.0),
        height=0.95,
        shadow=0.46,
        clouds=0.45,
        stars=0.0,
    ),
    "sunset": Light(
        zenith=(0.55, 0.44, 0.62),
        horizon=(0.98, 0.62, 0.40),
        ground=(0.95, 0.78, 0.68),
        glow=(0.16, 0.14, 0.02),
        tint=(1.02, 0.96, 0.92),
        height=0.50,
        shadow=0.46,
        clouds=0.30,
        stars=0.0,
    ),
    "night": Light(
        zenith=(0.04, 0.06, 0.18),
        horizon=(0.15, 0.19, 0.38),
        ground=(0.50, 0.47, 0.55),
        glow=(0.0, 0.0, 0.0),
        tint=(0.90, 0.89, 0.95),
        height=0.85,
        shadow=0.50,
        clouds=0.0,
        stars=0.9,
    ),
}

GROUND_COLOURS: Mapping[str, RGB] = {
    "grass": (0.46, 0.66, 0.28),
    "sand": (0.86, 0.76, 0.55),
    "snow": (0.87, 0.91, 0.96),
    "wood": (0.62, 0.47, 0.34),
    "stone": (0.56, 0.57, 0.60),
}


def sky_row(*, ground: str, light: str, sun: float) -> NDArray[np.float32]:
    """The 21 numbers that the painters read; `sun` is its azimuth from +y to +x."""
    look = LOOKS[light]
    earth = [a * b for a, b in zip(GROUND_COLOURS[ground], look.ground, strict=True)]
    flat = math.cos(look.height)
    towards = (flat * math.sin(sun), flat * math.cos(sun), math.sin(look.height))
    numbers = [*look.zenith, *look.horizon, *earth, *look.glow, *towards]
    return np.array([*numbers, look.clouds, look.stars, *look.tint, look.shadow], np.float32)


def ground_code(ground: str) -> int:
    """The number by which `background.paint` knows a ground."""
    return GROUNDS.index(ground)
