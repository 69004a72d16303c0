"""A look at a film that is still being made. In: a report of the work. Out: a small picture, now and then."""

import base64
import io
import time

import numpy as np
from PIL import Image
from torch import Tensor

from kinora.core.clip import Frames
from kinora.core.progress import Progress
from kinora.denoise.model import FilmModel

SIDE = 192
QUALITY = 60
LATENTS = 2
"""Latent frames that are decoded for one picture: the one wanted, and the one before it."""

SHARE = 0.1
"""Of the time of the work that its pictures may take: the decoders of some models are large."""


class Previews:
    """Draws the middle of what is at work.

    Args:
        model: its decoder draws.
        seconds: between two pictures; 0 draws none.
    """

    def __init__(self, model: FilmModel, *, seconds: float) -> None:
        self._model, self._seconds = model, seconds
        self._due = 0.0

    def __call__(self, progress: Progress) -> str | None:
        """A `data:` URL (WebP), or None while it is not yet time for another or there is nothing to see."""
        now = time.monotonic()
        if not self._seconds or progress.preview is None or now < self._due:
            return None
        drawn = small(self._frame(progress.preview))
        took = time.monotonic() - now
        self._due = now + max(self._seconds, took / SHARE)
        return drawn

    def _frame(self, seen: Tensor | Frames) -> Frames:
        """`[h w 3]` of latents `[f c h w]` that are still part noise, or of frames `[t h w 3]`."""
        if isinstance(seen, Tensor):
            middle = len(seen) // 2
            *_, seen = self._model.decode(seen[max(0, middle + 1 - LATENTS) : middle + 1])
        last: Frames = seen[-1]
        return last


def small(frame: Frames) -> str:
    """A frame `[h w 3]` as a `data:` URL of a few kilobytes."""
    picture = Image.fromarray(np.ascontiguousarray(frame))
    picture.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()
