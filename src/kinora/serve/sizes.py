"""Sizes that clients ask for and sizes that models make. In: seconds and pixels. Out: what is made, and told.

The delivered film has the length and size that were asked for; the made one is a little longer and
larger, or smaller and enlarged where the model would be lost at the size.
"""

import math
from dataclasses import dataclass

from kinora.core.shape import Stride
from kinora.media.video import check_even

ROOM = 2.0
"""How many times the training area a model is asked to fill before we rather enlarge."""


@dataclass(frozen=True)
class ModelCard:
    """What the server must know of a model without loading it.

    Args:
        name: model id.
        owner: who published it.
        fps: frames a second.
        height, width: training size.
        stride: pixels to latents.
        references: whether it keeps characters.
        views: whether it knows several cameras.
    """

    name: str
    owner: str
    fps: float
    height: int
    width: int
    stride: Stride
    references: bool
    views: bool = False


@dataclass(frozen=True)
class Size:
    """Delivered and made pixels, and a sentence for each thing that was changed."""

    height: int
    width: int
    made_height: int
    made_width: int
    notes: tuple[str, ...]


def frames_shown(*, seconds: float, fps: float) -> int:
    """Frames of a delivered film."""
    return max(1, round(seconds * fps))


def frames_made(stride: Stride, *, seconds: float, fps: float) -> int:
    """Frames that a model makes so that at least the delivered ones are there."""
    return stride.frames_for(frames_shown(seconds=seconds, fps=fps))


def settle_size(card: ModelCard, *, height: int, width: int, max_pixels: int = 0) -> Size:
    """What is made so that `height` x `width` can be delivered.

    Args:
        card: of the model.
        height, width: even numbers of pixels.
        max_pixels: area above which the film is made smaller and enlarged; 0 lets the model say.

    Raises:
        UsageError: a side is odd.
    """
    check_even(height=height, width=width)
    most = max_pixels or ROOM * card.height * card.width
    scale = min(1.0, math.sqrt(most / (height * width)))
    made_height, made_width = (
        math.ceil(side * scale / card.stride.grain) * card.stride.grain for side in (height, width)
    )
    notes: tuple[str, ...] = ()
    if scale < 1:
        notes = (f"made at {made_width}x{made_height} and enlarged to {width}x{height}",)
    elif (made_height, made_width) != (height, width):
        notes = (f"made at {made_width}x{made_height} and cut to {width}x{height}",)
    return Size(height, width, made_height, made_width, notes)
