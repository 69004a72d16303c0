"""An order fulfilled. In: an order and a name. Out: the films as files, each with sidecar and latents."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from kinora.core.clip import Clip
from kinora.core.errors import NotFoundError
from kinora.core.progress import OnProgress, silent
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.media.measure import Measured, Seam
from kinora.media.probe import probe
from kinora.media.read import read
from kinora.media.sidecar import Model, Sidecar, read_sidecar, sha256
from kinora.timeline.angles import Angles
from kinora.timeline.animate import Animate
from kinora.timeline.blend import Blend
from kinora.timeline.characters import Cast
from kinora.timeline.deliver import (
    deliver,
    latents_path,
    recall,
    request_of,
    sidecar_of,
    spare,
    times_of,
)
from kinora.timeline.direct import heard, looks, noted, shots, spoken
from kinora.timeline.edit import Edit
from kinora.timeline.meet import seams
from kinora.timeline.order import Order
from kinora.timeline.perform import Bench, Looks, laid_out, placed, size_of
from kinora.timeline.project import project
from kinora.timeline.sight import sighted
from kinora.timeline.source import Worded, natural_size

COMPRESSION = ("autoencoder", "vae")
"""Folders of a model's video compression network: ours, and the one of published weights."""


@dataclass(frozen=True)
class Delivered:
    """A film as a file, what is to be told of it, and what was measured."""

    file: Path
    notes: tuple[str, ...]
    measured: Measured


@dataclass(frozen=True, eq=False)
class Made:
    """One film of an edit.

    Args:
        film: what was made.
        edit: the values that make it alone.
        options: what else its sidecar is to tell.
    """

    film: Film
    edit: Edit
    options: Mapping[str, JsonValue] = field(default_factory=dict)


class Make(Protocol):
    """What makes the films of an edit: `once`, or something that watches them besides."""

    def __call__(self, bench: Bench, edit: Edit, /, *, on_progress: OnProgress) -> tuple[Made, ...]:
        """One film, or one for each view of `Angles`."""
        ...


def once(bench: Bench, edit: Edit, /, *, on_progress: OnProgress = silent) -> tuple[Made, ...]:
    """The films of an edit as they come."""
    films = bench.make(edit, on_progress=on_progress)
    return tuple(Made(film, each) for film, each in zip(films, alone(edit), strict=True))


def alone(edit: Edit) -> tuple[Edit, ...]:
    """For every film of an edit the edit that makes it alone."""
    if isinstance(edit, Angles):
        return tuple(edit.model_copy(update={"views": (view,)}) for view in edit.views)
    return (edit,)


def fulfil(
    model: FilmModel,
    order: Order,
    target: Path,
    *,
    make: Make = once,
    words: bool = True,
    on_progress: OnProgress = silent,
) -> tuple[Delivered, ...]:
    """Open the files, make the edit with the characters it names, and write what came of it.

    Words that say nothing of what the files show are completed, see `sighted`.

    Args:
        model: any film model.
        order: what is to be made.
        target: name of the film; of several, the stem with a number.
        make: what makes the films.
        words: False leaves prompts and options out of what is written.
        on_progress: told after every step, chunk and frame; may raise to stop.

    Raises:
        KinoraError: a file cannot be read, the edit cannot be made, or the disk refuses.
        UsageError: the film would replace one of the files that it is made from.
    """
    names = named(target, len(alone(order.edit)))
    for name in names:
        spare(name, order.files if order.mask is None else (*order.files, order.mask))
    films, notes = opened(model, order)
    told = sighted(model, order.edit, films)
    order = replace(order, seen=told.words)
    edit, characters = heard(
        told.edit, cast=Cast(project().characters), expand=order.expand, endpoint=order.endpoint
    )
    model = placed(model, edit, films)
    height, width = size_of(model, edit, films)
    seen = looks(model, characters, height=height, width=width)
    bench = laid_out(
        model, edit, films, times=order.times, mask=order.mask, of=order.size(),
        seen=None if seen is None else Looks(seen), words=order.seen,
    )  # fmt: skip
    made = make(bench, edit, on_progress=on_progress)
    cast: dict[str, JsonValue] = {each.name: each.digest for each in characters}
    written = edit.prompt if order.expand and edit.prompt else ""
    notes += (*told.notes, *noted(model, spoken(order.edit), cast, expansion=written))
    typed = dict.fromkeys(order.seen, "") | {edit.prompt or "": order.edit.prompt or ""}
    done = []
    for each, file in zip(made, names, strict=True):
        recipe = _sidecar(bench, order, each, typed=typed, cast=cast)
        deliver(each.film, recipe, file, words=words, on_progress=on_progress)
        done.append(Delivered(file, (*notes, *each.film.notes), recipe.measured))
    return tuple(done)


def named(target: Path, count: int) -> tuple[Path, ...]:
    """The names of so many films."""
    if count == 1:
        return (target,)
    return tuple(target.with_stem(f"{target.stem}-{number + 1}") for number in range(count))


def _sidecar(
    bench: Bench,
    order: Order,
    made: Made,
    *,
    typed: Mapping[str, str],
    cast: Mapping[str, JsonValue],
) -> Sidecar:
    """The film's sidecar, from which `kinora rerun` makes the same frames."""
    film = made.film
    # What the model likes may change with the model: what it liked this time is written down.
    settled = made.edit.model_copy(
        update={"steps": film.request.steps, "guidance": film.request.guidance}
    )
    options = order.told(settled) | ({"characters": dict(cast)} if cast else {})
    options |= made.options
    latents = not isinstance(made.edit, Animate)
    told = sidecar_of(
        film, bench.model, verb=order.verb, options=options,
        parents=order.parents(latents=latents), seams=seams_of(bench, made.edit, film),
    )  # fmt: skip
    return told.model_copy(update={"shots": shots(film.request.prompts, typed)})


def seams_of(bench: Bench, edit: Edit, film: Film) -> tuple[Seam, ...]:
    """Where the frames that an edit was given meet those that it made."""
    return seams(edit, bench.given, film.clip, time=bench.model.stride.time)


def opened(model: FilmModel, order: Order) -> tuple[list[Film | Clip], tuple[str, ...]]:
    """Every file of an order, of pictures the first frame alone; and what is to be told of them."""
    if isinstance(order.edit, Animate):
        return [read(file, most=1).clip for file in order.files], ()
    found = [open_film(file, model=model) for file in order.files]
    if isinstance(order.edit, Blend):
        # Whose size clips take on is known once all are open: of one scaled twice, pixels were lost.
        size = size_of(model, order.edit, [film for film, _ in found])
        for number, (film, _) in enumerate(found):
            if isinstance(film, Clip) and (film.height, film.width) != size:
                found[number] = open_film(order.files[number], model=model, size=size)
    return [film for film, _ in found], tuple(note for _, notes in found for note in notes)


def open_film(
    file: Path, *, model: FilmModel, size: tuple[int, int] | None = None
) -> tuple[Film | Clip, tuple[str, ...]]:
    """The film that a file was delivered from, or its frames alone, fitted to the model, and why.

    A film of ours keeps its words in any case.

    Args:
        file: any video or image.
        model: what will go on from it.
        size: `(height, width)` wanted: latents of another are left alone; `natural_size` by default.

    Raises:
        NotFoundError: there is no such file.
        BadMediaError: it, its sidecar or its latents are damaged.
    """
    shown = probe(file)
    told, why = _own(file)
    why = why if told is None else _useless(file, told, model, size)
    made = told and told.made
    if not why:
        # A still and a GIF do not tell their film's rate, or not exactly.
        film = recall(file, read(file, fps=made.fps if made else None).clip)
        assert film is not None
        return film, ()
    fitted = size or natural_size(model, shown.height, shown.width)
    reading = read(file, fps=model.capabilities.fps, size=fitted)
    clip = reading.clip
    if told and made:
        clip = Worded(clip.frames, clip.fps, request_of(told), made.fps)
    return clip, (
        f"{why}: its frames are encoded",
        *(f"{file}: {line}" for line in reading.told),
    )


def _own(file: Path) -> tuple[Sidecar | None, str]:
    """The sidecar of a film that is still as it was delivered, or why there is none."""
    try:
        told = read_sidecar(file)
    except NotFoundError:
        return None, f"{file} has no latents beside it"
    if told.output is not None and told.output.sha256 != sha256(file):
        return None, f"{file} was changed since it was made"
    return told, ""


def _useless(file: Path, told: Sidecar, model: FilmModel, size: tuple[int, int] | None) -> str:
    """Why the latents of a film cannot be gone on from; empty if they can."""
    if told.model is not None and not same_latents(told.model, model):
        return f"{model.name} cannot read the latents of {file}"
    if not latents_path(file).exists():
        return f"{file} has no latents beside it"
    times = times_of(told)
    own = told.made and (told.made.height // times, told.made.width // times)
    return f"{file} has another size" if size and own != size else ""


def same_latents(told: Model, model: FilmModel) -> bool:
    """Whether both compress video with the same weights; a sidecar that names none is believed."""
    theirs, ours = (
        {weights[name] for name in weights if name.split("/")[0] in COMPRESSION}
        for weights in (told.weights, model.checksums())
    )
    return not theirs or theirs == ours
