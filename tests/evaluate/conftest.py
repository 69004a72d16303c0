"""A clip whose truth is known without rendering: a disc that crosses a striped floor."""

import numpy as np
import pytest

from kinora.core.clip import Clip


def disc(x: float, *, colour: tuple[int, int, int] = (220, 30, 30), height: int = 80) -> np.ndarray:
    """One frame with a disc centred at column `x` of 128."""
    rows, columns = np.mgrid[:height, :128].astype(np.float64)
    floor = 120 + 40 * np.sin(columns / 9) * np.sin(rows / 7)
    frame = np.repeat(floor[..., None], 3, axis=-1)
    edge = np.clip(12.5 - np.hypot(rows - 45, columns - x), 0, 1)[..., None]
    texture = 0.85 + 0.15 * np.sin((columns - x) / 2)[..., None]
    return (frame * (1 - edge) + np.array(colour) * texture * edge).astype(np.uint8)


@pytest.fixture
def bounce() -> Clip:
    """Seventeen frames of a red disc that moves three pixels to the right each time."""
    return Clip(np.stack([disc(30 + 3 * t) for t in range(17)]), 8.0)
