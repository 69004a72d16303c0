"""What the verbs of the studio share. In: the words of one of them. Out: the edited film, and a line."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.director import WRITER, Address, Writer, endpoint_of
from kinora.cli.maker import maker
from kinora.cli.options import (
    TRIES,
    Attention,
    Compile,
    Device,
    FilmsModel,
    Guidance,
    Json,
    Loras,
    Negative,
    NoMetadata,
    Offline,
    Out,
    Quantising,
    Quiet,
    Seed,
    StepCache,
    Steps,
    Tries,
    Verify,
)
from kinora.cli.output import Told, films
from kinora.cli.outside import From
from kinora.cli.progress import reporting
from kinora.cli.unfinished import drawn, resumable
from kinora.core.errors import KinoraError, UsageError

if TYPE_CHECKING:
    from kinora.timeline.edit import Edit
    from kinora.timeline.filmmaker import Filmmaker
    from kinora.timeline.fulfil import Make
    from kinora.timeline.order import Order

File = Annotated[Path, typer.Argument(help="A film of ours, or any video or image.")]
Words = Annotated[
    str | None, typer.Option("--prompt", help="New words.", show_default="those of the film")
]
Expand = Annotated[
    bool, typer.Option("--expand", help="Write the new words out as a director would.")
]


@dataclass(frozen=True)
class Wanted:
    """What a verb of the studio makes of its own words.

    Args:
        edit: the class of its values.
        files: what is edited; the first one names the result.
        values: the verb's own fields of `edit`.
        mask, times: as in `Order`.
    """

    edit: "type[Edit]"
    files: tuple[Path, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    mask: Path | None = None
    times: tuple[float, ...] = ()


def edits(verb: Callable[..., Wanted]) -> Callable[..., None]:
    """A command of the studio: the verb's own options, and behind them those that all of them take."""

    @wraps(verb)
    def command(**typed: Any) -> None:
        shared = {name: typed.pop(name) for name in _SHARED}
        _edited(verb.__name__, verb(**typed), **shared)

    own = inspect.signature(verb).parameters.values()
    shared = [each for each in _shared().values() if each.name not in {"verb", "wanted"}]
    command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in (*own, *shared)}
    return command


def _edited(
    verb: str,
    wanted: Wanted,
    *,
    prompt: Words = None,
    expand: Expand = False,
    endpoint: Address = None,
    writer: Writer = WRITER,
    negative: Negative = "",
    seed: Seed = None,
    steps: Steps = None,
    guidance: Guidance = None,
    verify: Verify = False,
    tries: Tries = TRIES,
    out: Out = None,
    model: FilmsModel = None,
    lora: Loras = None,
    step_cache: StepCache = 0.0,
    compiled: Compile = False,
    attention: Attention = None,
    quantise: Quantising = None,
    device: Device = None,
    offline: Offline = False,
    no_metadata: NoMetadata = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make the edit, deliver the film or films, say where they are."""
    from kinora.core.config import settle
    from kinora.media.probe import check_file
    from kinora.media.sequence import plain, sequence_of
    from kinora.media.target import check_target
    from kinora.timeline.order import Order

    first = wanted.files[0]
    for file in wanted.files:
        check_file(file)
    number = drawn(seed, folder=plain(out or first).parent, quiet=quiet)
    values = {
        "prompt": prompt, "negative": negative, "seed": number, "steps": steps, "guidance": guidance,
    }  # fmt: skip
    order = Order(
        verb=verb,
        edit=settle(wanted.edit, {**values, **wanted.values}),
        files=wanted.files,
        mask=wanted.mask,
        times=wanted.times,
        expand=expand or endpoint is not None,
        endpoint=endpoint_of(endpoint, writer),
    )
    shown, still = plain(first), of_still(order)
    suffix = "png" if still else "mp4"
    target = out or shown.with_name(f"{shown.stem}-{verb}-{number}.{suffix}")
    target = sequence_of(target) or target
    check_target(target, fps=8, frames=1 if still else 2)
    with resumable(target, number, quiet=quiet):
        _delivered(
            order, target, model=model, outside=From(lora, step_cache, compiled, attention, quantise),
            tries=tries if verify else 0, words=not no_metadata, quiet=quiet, as_json=as_json,
        )  # fmt: skip


def _delivered(
    order: "Order",
    target: Path,
    *,
    model: str | None,
    outside: From,
    tries: int,
    words: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    from kinora.timeline.fulfil import fulfil

    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        edit = order.edit
        dreamer = _dreamer(order.files[0], model).pushing(edit.negative, guidance=edit.guidance)
        dreamer = outside.put_on(dreamer)
        done = fulfil(
            dreamer, order, target, make=_maker(tries), words=words, on_progress=on_progress
        )
    told = [Told(each.file, order.edit.seed, each.notes, each.measured) for each in done]
    films(told, quiet=quiet, as_json=as_json)


def of_still(order: "Order") -> bool:
    """Whether a single picture comes of the order."""
    from kinora.media.probe import probe
    from kinora.timeline.perform import IN_STEP

    return isinstance(order.edit, IN_STEP) and probe(order.files[0]).kind == "image"


def _maker(tries: int) -> "Make":
    """What makes the films, and watches them unless `tries` is 0."""
    from kinora.timeline.fulfil import once

    if not tries:
        return once
    from kinora.caption.judge import load_judge
    from kinora.evaluate.edits import Watcher

    return Watcher(load_judge(), tries)


def _dreamer(film: Path, model: str | None) -> "Filmmaker":
    """The model as named, else the one that made the film, else our own."""
    from kinora.media.sidecar import read_sidecar
    from kinora.timeline.filmmaker import Filmmaker, filmmaker

    if model is not None:
        return filmmaker(model)
    try:
        told = read_sidecar(film).model
    except KinoraError:
        told = None
    return filmmaker() if told is None else Filmmaker(told.id, maker(film, told))


def _shared() -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_edited).parameters


_SHARED = tuple(name for name in _shared() if name not in {"verb", "wanted"})
"""The options that every verb of the studio takes."""


def numbers(text: str, *, count: int, name: str) -> tuple[int, ...]:
    """`"1,2,3"` as whole numbers, exactly `count` of them (any number if it is 0)."""
    parts = text.split(",")
    if not all(part.strip().lstrip("-").isdigit() for part in parts) or len(parts) != (
        count or len(parts)
    ):
        raise UsageError(f"--{name} {text} is not {count or 'a list of'} whole numbers with commas")
    return tuple(int(part) for part in parts)
