"""`kinora info FILE`. In: a file name. Out: what it is and, where told, how it was made."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json


def info(file: Annotated[Path, typer.Argument()], *, as_json: Json = False) -> None:
    """Tell what a video or image is and how it was made."""
    raise NotImplementedError
