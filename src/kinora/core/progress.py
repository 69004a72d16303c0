"""Progress, cancel and preview are one callback. In: one report. Out: nothing, or an exception.

Whoever listens may raise (usually `CancelledError`): the work stops right there, within one step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

STAGES = ("expand", "text", "denoise", "decode", "encode", "sign")
"""The stations of a film, in order."""


@dataclass(frozen=True)
class Progress:
    """One report: `done` of `total` units of `stage` are finished.

    Args:
        stage: one of `STAGES`; work that makes no film names its own.
        done: finished units (solver steps, latent frames, encoded frames).
        total: all units of this stage that are known so far.
        preview: optionally the canvas or frames as they are now; read it, never change it.
    """

    stage: str
    done: int
    total: int
    preview: Any = None


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Listen to nothing."""
