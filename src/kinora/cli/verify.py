"""`kinora verify FILE`. In: a film or pictures. Out: what its manifest and its watermark say, and whether they hold."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from kinora.cli.options import Json
from kinora.cli.output import show
from kinora.core.errors import BadMediaError

LOOKED_AT = 64
"""Frames that are averaged; more make the mark no plainer."""


def verify(
    file: Annotated[Path, typer.Argument(help="A video, image or sequence.")],
    *,
    as_json: Json = False,
) -> None:
    """Tell where a film comes from, and whether it was changed since."""
    from kinora.media.provenance import read_manifest
    from kinora.media.read import read
    from kinora.media.watermark import find

    manifest = read_manifest(file)
    verdict = find(read(file, most=LOOKED_AT).clip.frames)
    told: dict[str, Any] = {"manifest": asdict(manifest), "watermark": asdict(verdict)}
    show(told, as_json=as_json)
    if manifest.state == "broken":
        raise BadMediaError(
            f"{file} was changed after it was signed", why=", ".join(manifest.problems)
        )
