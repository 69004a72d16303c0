"""`kinora info FILE`. In: a file name. Out: what it is and, where told, how it was made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.options import Json
from kinora.cli.output import show
from kinora.core.errors import BadMediaError, NotFoundError

if TYPE_CHECKING:
    from kinora.media.sidecar import Sidecar


def info(
    file: Annotated[Path, typer.Argument(help="A video or image.")], *, as_json: Json = False
) -> None:
    """Tell what a video or image is and how it was made.

    The story comes from the sidecar beside the file, or, if that was lost, from the copy inside.
    """
    from dataclasses import asdict

    from kinora.media.probe import probe

    found = probe(file)
    result: dict[str, Any] = {"file": str(file)} | asdict(found)
    comment = result.pop("comment")
    told, source = _story(file, comment)
    result["told_by"] = source
    if told is None:
        result["comment"] = comment or None
    else:
        result["unchanged"] = _unchanged(told, file)
        made = told.model_dump(mode="json", exclude_defaults=not as_json)
        result["made"] = made | {"schema_version": told.schema_version}
    show(_readable(result) if not as_json else result, as_json=as_json)


def _story(file: Path, comment: str) -> "tuple[Sidecar | None, str]":
    from kinora.media.sidecar import parse, read_sidecar

    try:
        return read_sidecar(file), "sidecar"
    except NotFoundError:
        pass
    try:
        return parse(comment, origin="the comment inside"), "comment"
    except BadMediaError:
        return None, "nobody"


def _unchanged(told: "Sidecar", file: Path) -> bool | None:
    """Whether the file is the very one its sidecar describes; `None` where it does not say."""
    from kinora.media.sidecar import sha256

    return None if told.output is None else told.output.sha256 == sha256(file)


def _readable(result: dict[str, Any]) -> dict[str, Any]:
    """The same for a reader: rounded, without empty entries, shots as `prompt (4 s)`."""
    entries: dict[str, Any] = {}
    for name, value in result.items():
        if value in ("", 0, 0.0) and value is not False:
            continue
        entries[name] = round(value, 3) if isinstance(value, float) else value
    made = entries.get("made", {})
    if shots := made.get("shots"):
        made["shots"] = [_shot(each) for each in shots]
    if parents := made.get("parents"):
        made["parents"] = [each["file"] for each in parents]
    if measured := made.get("measured"):
        made["measured"] = _measured(measured)
    return entries


def _measured(measured: dict[str, Any]) -> list[str]:
    from kinora.media.measure import Measured

    return list(Measured.model_validate(measured).lines())


def _shot(shot: dict[str, Any]) -> str:
    seconds = shot.get("seconds")
    return f"{shot['prompt']} ({seconds:g} s)" if seconds else str(shot["prompt"])
