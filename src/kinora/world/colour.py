"""The name of a colour. In: a mean colour as it is drawn. Out: the word of the palette it shows."""

import numpy as np
from numpy.typing import NDArray

from kinora.world.vocabulary import PALETTE

_NAMES = tuple(PALETTE)
_COLOURS = np.array([PALETTE[name] for name in _NAMES])
# Shading darkens a thing's mean colour by up to a third; undo it by every share in between.
_GAINS = np.linspace(0.95, 1.5, 12)


def colour_name(mean: NDArray[np.float64]) -> str:
    """The palette's word for a thing's mean colour `[3]`, sRGB in 0..1, whatever the light."""
    tries = _GAINS[:, None, None] * mean
    gaps = np.sum((tries - _COLOURS) ** 2, axis=-1).min(axis=0)
    return _NAMES[int(gaps.argmin())]
