"""Kinora turns words into film: `kinora.load().generate("a red ball bounces on grass")`.

Importing this package imports no torch; the networks arrive with `load`.
"""

__version__ = "0.1.0"
