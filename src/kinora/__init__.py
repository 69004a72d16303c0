"""Kinora turns words into film: `kinora.load().generate("a red ball bounces on grass")`.

Importing this package imports no torch; the networks arrive with `load`.
"""

from kinora.core.version import __version__

__all__ = ["__version__"]
