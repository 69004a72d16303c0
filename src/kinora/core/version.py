"""The one place that states the version. Out: a string; the build reads it too."""

__version__ = "0.1.0"
