"""`kinora version`. Out: the version on one line."""

from kinora.cli.options import Json
from kinora.cli.output import show
from kinora.core.version import __version__


def version(*, as_json: Json = False) -> None:
    """Print the version."""
    show({"version": __version__}, as_json=as_json, text=f"kinora {__version__}")
