"""How a verb tells its result. In: plain data. Out: lines for a reader, or one JSON document."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kinora.media.measure import Measured


@dataclass(frozen=True)
class Told:
    """A film that was made: where it is, its seed, what there is to say, what was measured of it."""

    file: Path
    seed: int
    notes: tuple[str, ...]
    measured: "Measured"


def films(made: Sequence[Told], *, quiet: bool, as_json: bool) -> None:
    """Print the names of films; what there is to say of them goes to stderr."""
    lines = (line for each in made for line in (*each.notes, *each.measured.lines()))
    for line in dict.fromkeys(lines):
        note(f"Note: {line}", quiet=quiet)
    told = [
        {
            "file": str(each.file),
            "seed": each.seed,
            "notes": list(each.notes),
            "measured": each.measured.model_dump(mode="json"),
        }
        for each in made
    ]
    show({"films": told}, as_json=as_json, text="\n".join(str(each.file) for each in made))


def show(result: Mapping[str, Any], *, as_json: bool, text: str | None = None) -> None:
    """Print a result.

    Args:
        result: plain data: strings, numbers, lists and mappings; paths and dates become strings.
        as_json: print the JSON document instead of text.
        text: the words for a reader; without it every entry becomes a line `name  value`.
    """
    print(as_document(result) if as_json else as_lines(result) if text is None else text)


def note(line: str, *, quiet: bool = False) -> None:
    """Say something beside the result (what was snapped, where a file went) on stderr."""
    if not quiet:
        print(line, file=sys.stderr)


def as_document(result: Mapping[str, Any]) -> str:
    """One JSON document, with the keys in the order given."""
    return json.dumps(result, indent=2, ensure_ascii=False, default=str)


def as_lines(result: Mapping[str, Any]) -> str:
    """`name  value` lines with the values aligned; nested mappings are flattened with dots."""
    flat = list(_flatten(result))
    width = max((len(name) for name, _ in flat), default=0)
    return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in flat)


def _flatten(result: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in result.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat += _flatten(value, f"{name}.")
        elif isinstance(value, (list, tuple)):
            flat.append((name, ", ".join(str(each) for each in value)))
        elif value is not None:
            flat.append((name, str(value)))
    return flat
