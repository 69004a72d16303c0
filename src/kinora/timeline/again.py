"""A film once more. In: a film with its sidecar. Out: the same film, made again from what the sidecar tells."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
import torch
from pydantic import JsonValue

from kinora.core.config import settle
from kinora.core.errors import NotFoundError, UnsupportedError
from kinora.core.progress import OnProgress, silent
from kinora.denoise.condition import Condition, Reference
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, generate
from kinora.media.read import read
from kinora.media.sequence import files_of, sequence_of
from kinora.media.sidecar import Sidecar
from kinora.timeline.cache import Cache
from kinora.timeline.characters import Cast, Character
from kinora.timeline.deliver import (
    deliver,
    latents_path,
    request_of,
    sidecar_of,
    spare,
    stored_latents,
)
from kinora.timeline.deliver_stream import LONG, deliver_stream
from kinora.timeline.direct import lines_of, looks
from kinora.timeline.document import Timeline
from kinora.timeline.fulfil import opened, seams_of
from kinora.timeline.order import found, order_of
from kinora.timeline.perform import Looks, laid_out, placed, size_of
from kinora.timeline.project import project
from kinora.timeline.studio import make_film


class Make(Protocol):
    """What turns a request into a film: `generate.generate`, or something that watches it besides."""

    def __call__(self, model: FilmModel, request: Request, /, *, on_progress: OnProgress) -> Film:
        """One film."""
        ...


@dataclass(frozen=True)
class Same:
    """Whether the same came out; None where there is nothing to compare with."""

    latents: bool | None
    frames: bool | None


def again(
    model: FilmModel,
    told: Sidecar,
    file: Path,
    target: Path,
    *,
    make: Make = generate,
    words: bool = True,
    on_progress: OnProgress = silent,
) -> Same:
    """Make the film of a sidecar once more, and compare.

    Args:
        model: what dreams; the film's own model for the same frames.
        told: the sidecar of `file`.
        file: the film.
        target: where the new one is written.
        make: what made it, if it was made from a prompt.
        words: False leaves prompts and options out of the new film and its sidecar.
        on_progress: told after every step, chunk and frame; may raise to stop.

    Raises:
        NotFoundError: the words are not told, or a file it was made from is gone or changed.
        UnsupportedError: nothing says how it was made.
        UsageError: `target` is the film itself, or one that it was made from.
    """
    if not told.shots:
        raise NotFoundError(
            f"the sidecar of {file} does not tell the prompt",
            why="it was written with --no-metadata",
        )
    spare(target, (file, *(found(parent, file) for parent in told.parents)))
    if "timeline" in told.options:
        _storyboard(model, told, file, target, words, on_progress)
    elif "edit" in told.options:
        _edit(model, told, file, target, words, on_progress)
    elif told.verb == "generate":
        _generated(model, told, file, target, make, words, on_progress)
    else:
        raise UnsupportedError(f"the sidecar of {file} does not say how to make it again")
    return _compared(file, target)


def _generated(
    model: FilmModel,
    told: Sidecar,
    file: Path,
    target: Path,
    make: Make,
    words: bool,
    on_progress: OnProgress,
) -> None:
    wish = request_of(told)
    size = told.made
    assert size is not None, "every film of ours tells its size"
    times = model.capabilities.times
    seen = _seen(model, told, file, size=(size.height // times, size.width // times))
    known: tuple[Condition, ...] = () if seen is None else (Reference(seen.latents),)
    wish = replace(wish, conditions=(*wish.conditions, *known))
    extra = _kept(told, model)
    if make is generate:  # nobody watches this time
        extra = {name: each for name, each in extra.items() if name not in {"verify", "ledger"}}
    if wish.seconds >= LONG and make is generate:
        deliver_stream(
            model, wish, target,
            words=words, wishes=told.shots, options=extra, on_progress=on_progress,
        )  # fmt: skip
        return
    film = make(model, wish, on_progress=on_progress)
    new = sidecar_of(film, model, verb="generate", options=extra)
    new = new.model_copy(update={"shots": told.shots, "asked": told.asked})
    deliver(film, new, target, words=words, on_progress=on_progress)


def _edit(
    model: FilmModel, told: Sidecar, file: Path, target: Path, words: bool, on_progress: OnProgress
) -> None:
    order = order_of(told, file)
    films, _ = opened(model, order)
    model = placed(model, order.edit, films)
    size = size_of(model, order.edit, films)
    bench = laid_out(
        model, order.edit, films, times=order.times, mask=order.mask, of=order.size(),
        seen=_seen(model, told, file, size=size), words=order.seen,
    )  # fmt: skip
    (film,) = bench.make(order.edit, on_progress=on_progress)
    options = {**order.told(order.edit), **_kept(told, model)}
    new = sidecar_of(
        film, model, verb=told.verb, options=options, parents=told.parents,
        seams=seams_of(bench, order.edit, film),
    )  # fmt: skip
    new = new.model_copy(update={"shots": told.shots, "asked": told.asked})
    deliver(film, new, target, words=words, on_progress=on_progress)


def _storyboard(
    model: FilmModel, told: Sidecar, file: Path, target: Path, words: bool, on_progress: OnProgress
) -> None:
    timeline = settle(Timeline, told.options["timeline"])  # type: ignore[arg-type]
    places = {parent.file: str(found(parent, file)) for parent in told.parents}
    moved = timeline.with_files(lambda name: places.get(name, name))
    # What was seen is told; what was not looked at, or showed nothing, is not looked at now.
    seen = {shot.id: "" for shot in moved.shots()} | moved.seen
    moved = moved.model_copy(update={"seen": seen})
    home = project(file.parent)
    cast = Cast(home.characters)
    _as_they_were(cast, told, file)
    if [*lines_of(moved, cast=cast).values()] != [s.expansion or s.prompt for s in told.shots]:
        raise NotFoundError(
            f"the shots of {file} would hear other words than then",
            why="a character is described otherwise now",
            remedy="Bring the words of then back with: kinora character add NAME --words",
        )
    with TemporaryDirectory() as folder:
        make_film(
            moved, home, target,
            model=model, cache=Cache(Path(folder)), options=_kept(told, model),
            words=words, on_progress=on_progress,
        )  # fmt: skip


def _kept(told: Sidecar, model: FilmModel) -> dict[str, JsonValue]:
    """What the new sidecar tells as the old one did: the cast, and how the film was watched.

    What was found in it holds for the same weights.
    """
    same = told.model is not None and told.model.weights == model.checksums()
    names = ("characters", "verify", "ledger") if same else ("characters", "verify")
    return {name: told.options[name] for name in names if told.options.get(name)}


def _seen(model: FilmModel, told: Sidecar, file: Path, *, size: tuple[int, int]) -> Looks | None:
    """The characters that the film looked at: as stored beside it, else from the cast."""
    if latents_path(file).exists():
        stored = stored_latents(file)
        return Looks(stored["references"], alone=True) if "references" in stored else None
    characters = _as_they_were(Cast(project(file.parent).characters), told, file)
    latents = looks(model, tuple(characters), height=size[0], width=size[1])
    return None if latents is None else Looks(latents)


def _as_they_were(cast: Cast, told: Sidecar, file: Path) -> Iterable[Character]:
    """Everybody the sidecar names; `NotFoundError` for one who looks otherwise now."""
    named = told.options.get("characters")
    characters = []
    for name, digest in (named if isinstance(named, dict) else {}).items():
        character = cast.get(name)
        if character.digest != digest:
            raise NotFoundError(
                f"{name} is not who {name} was when {file} was made",
                remedy=f"Bring the picture of then back with: kinora character add {name}",
            )
        characters.append(character)
    return characters


def _compared(file: Path, target: Path) -> Same:
    latents: bool | None = None
    if latents_path(file).exists():
        old, new = (stored_latents(each)["latents"] for each in (file, target))
        latents = torch.equal(old, new)
    frames: bool | None = None
    one, other = ((sequence_of(each) or each).suffix.lower() for each in (file, target))
    if files_of(file) and one == other:
        frames = np.array_equal(read(file).clip.frames, read(target).clip.frames)
    return Same(latents, frames)
