"""An edit that was asked for. In: words and files, or the sidecar of a film. Out: one frozen value, and back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kinora.core.config import settle
from kinora.core.errors import BadMediaError, NotFoundError
from kinora.media.probe import probe
from kinora.media.sequence import files_of
from kinora.media.sidecar import Parent, Sidecar, sha256
from kinora.prompt.endpoint import Endpoint
from kinora.timeline.deliver import latents_path
from kinora.timeline.edit import Edit
from kinora.timeline.perform import EDITS

KINDS = {kind.__name__.lower(): kind for kind in EDITS}
"""The values of every edit by the name that a sidecar has for it."""


@dataclass(frozen=True)
class Order:
    """What is to be made of what.

    Args:
        verb: the command.
        edit: the values, with words as typed.
        files: what is edited; each brings its latents if they lie beside it.
        mask: a picture of the region to change.
        times: seconds at which pictures are shown.
        seen: of every file that carries no words, what it shows, if somebody looked.
        expand: whether the prompt is written out as a director would.
        endpoint: who writes it, if not we.
    """

    verb: str
    edit: Edit
    files: tuple[Path, ...]
    mask: Path | None = None
    times: tuple[float, ...] = ()
    seen: tuple[str, ...] = ()
    expand: bool = False
    endpoint: Endpoint | None = None

    def size(self) -> tuple[int, int]:
        """`(height, width)` of the first file as it is shown: what its region is measured on."""
        shown = probe(self.files[0])
        return shown.height, shown.width

    def parents(self, *, latents: bool = True) -> tuple[Parent, ...]:
        """Every file with its hash; with that of the latents beside it if they are used."""
        films = [
            Parent(
                file=str(file),
                sha256=sha256(file),
                latents=sha256(path) if latents and (path := latents_path(file)).exists() else "",
            )
            for file in self.files
        ]
        if self.mask is not None:
            films.append(Parent(file=str(self.mask), sha256=sha256(self.mask), role="mask"))
        return tuple(films)

    def told(self, edit: Edit) -> dict[str, JsonValue]:
        """For a sidecar: the values as `edit` has them, with words as the model hears them."""
        kind = type(edit).__name__.lower()
        values: dict[str, JsonValue] = {"edit": {"kind": kind, **edit.model_dump(mode="json")}}
        values |= {"times": list(self.times)} if self.times else {}
        return values | ({"seen": list(self.seen)} if any(self.seen) else {})


def order_of(told: Sidecar, film: Path) -> Order:
    """The order that made `film`, from its sidecar; every file is found and is what it was.

    Raises:
        NotFoundError: a file is gone or was changed since.
        BadMediaError: the sidecar makes no sense.
    """
    values = told.options.get("edit")
    kind = KINDS.get(str(values.get("kind"))) if isinstance(values, dict) else None
    if kind is None or not isinstance(values, dict):
        raise BadMediaError(f"the sidecar of {film} does not say which edit made it")
    times, seen = told.options.get("times"), told.options.get("seen")
    masks = [found(each, film) for each in told.parents if each.role == "mask"]
    return Order(
        verb=told.verb,
        edit=settle(kind, {name: value for name, value in values.items() if name != "kind"}),
        files=tuple(found(each, film) for each in told.parents if each.role == "film"),
        mask=masks[0] if masks else None,
        times=tuple(_numbers(times)),
        seen=tuple(str(each) for each in seen) if isinstance(seen, list) else (),
    )


def found(parent: Parent, film: Path) -> Path:
    """Where a file that `film` was made from lies now: where it was, or beside the film.

    Raises:
        NotFoundError: it is gone, or it or its latents were changed since.
    """
    places = [place for place in _places(parent, film) if files_of(place)]
    if not places:
        raise NotFoundError(
            f"{parent.file} is gone", why=f"{film} was made from it", remedy="Bring it back first"
        )
    same = [place for place in places if sha256(place) == parent.sha256]
    if not same:
        raise NotFoundError(f"{places[0]} was changed", why=f"{film} was made from what it was")
    latents = latents_path(same[0])
    now = sha256(latents) if parent.latents and latents.exists() else ""
    if now != parent.latents:
        state = "changed" if now else "gone"
        raise NotFoundError(f"{latents} is {state}", why=f"{film} was made from what it was")
    return same[0]


def _places(parent: Parent, film: Path) -> Iterator[Path]:
    told = Path(parent.file)
    yield from (told, film.parent / told, film.parent / told.name)


def _numbers(values: Any) -> Iterator[float]:
    if isinstance(values, list):
        yield from (float(value) for value in values if isinstance(value, int | float))
