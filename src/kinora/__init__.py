"""Kinora turns words into film: `kinora.load().generate("a red ball bounces on grass")`.

Importing this package imports no torch; the networks arrive with `load`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from kinora.core.version import __version__

if TYPE_CHECKING:
    from kinora.timeline.filmmaker import Filmmaker

__all__ = ["__version__", "load"]


def load(model: str | Path | None = None) -> "Filmmaker":
    """A model that films.

    Args:
        model: name of a shipped one, its folder, or the hub id of published weights; by default the one
            that every verb uses.

    Raises:
        NotFoundError: there is no such model on this machine, or its files are damaged.
        UnsupportedError: it is of a class that no family describes.
    """
    from kinora.timeline.filmmaker import filmmaker

    return filmmaker(model)
