"""A project's timeline as files. In: a document, its folder. Out: the film, or what editors open."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import JsonValue

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.core.progress import OnProgress, silent
from kinora.denoise.condition import Words
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request
from kinora.media.sidecar import Parent, sha256
from kinora.media.target import check_target
from kinora.media.write import save
from kinora.prompt.unheard import unheard
from kinora.timeline.cache import Cache, Piece
from kinora.timeline.characters import Cast
from kinora.timeline.deliver import deliver, sidecar_of, spare
from kinora.timeline.direct import said, shots
from kinora.timeline.document import Timeline
from kinora.timeline.fulfil import open_film
from kinora.timeline.interchange import export, repeats
from kinora.timeline.project import Project
from kinora.timeline.render import assemble, files_of, render


@dataclass(frozen=True)
class Made:
    """What became of a timeline: frames of every item by id (gaps have none), and what is to be told."""

    frames: dict[str, int]
    notes: tuple[str, ...]


def make_film(
    timeline: Timeline,
    home: Project,
    target: Path,
    *,
    model: FilmModel,
    cache: Cache | None = None,
    on_progress: OnProgress = silent,
) -> Made:
    """Render the timeline and write film, sidecar and latents to `target`.

    Args:
        timeline: what the film is to be.
        home: keeps its pieces and its cast.
        target: name of the film.
        model: what dreams.
        cache: where pieces are kept instead.
        on_progress: told after every step of every item.
    """
    check_target(target, fps=model.capabilities.fps, frames=2)
    spare(target, files_of(timeline))
    pieces = _pieces(model, timeline, home, cache or home.cache, on_progress)
    clip = assemble(pieces, model.capabilities.fps)
    heard = {
        shot.prompt: said(shot.prompt, cast=Cast(home.characters), expand=timeline.expand)[0]
        for shot in timeline.shots()
    }
    film = Film(
        clip,
        torch.cat([piece.latents for piece in pieces]),
        _request(model, timeline, pieces, heard=heard),
    )
    parents = tuple(Parent(file=str(f), sha256=sha256(f)) for f in files_of(timeline))
    told: dict[str, JsonValue] = {"timeline": timeline.model_dump(mode="json")}
    if cast := _cast(timeline, home):
        told["characters"] = cast
    sidecar = sidecar_of(film, model, verb="storyboard", options=told, parents=parents)
    typed = {words: prompt for prompt, words in heard.items()}
    sidecar = sidecar.model_copy(update={"shots": shots(film.request.prompts, typed)})
    deliver(film, sidecar, target, on_progress=on_progress)
    lost = [word for prompt in heard.values() for word in model.read([prompt]).not_understood]
    return Made(_counts(timeline, pieces), unheard(model, lost))


def _cast(timeline: Timeline, home: Project) -> dict[str, JsonValue]:
    """Everybody whom the shots name, with the hash of the picture."""
    cast = Cast(home.characters)
    named = [each for shot in timeline.shots() for each in cast.cast(shot.prompt)[1]]
    return {each.name: each.digest for each in named}


def export_film(
    timeline: Timeline,
    home: Project,
    target: Path,
    *,
    model: FilmModel,
    on_progress: OnProgress = silent,
) -> tuple[Path, ...]:
    """Render the timeline, write every shot and bridge beside `target`, and `target` that names them."""
    times, files = repeats(target, model.capabilities.fps), dict[str, Path]()
    pieces = _pieces(model, timeline, home, home.cache, on_progress)
    folder = target.parent / f"{target.stem}-shots"
    folder.mkdir(parents=True, exist_ok=True)
    fps = model.capabilities.fps * times
    for item, piece in zip(timeline.items, pieces, strict=True):
        if item.kind != "gap":
            files[item.id] = folder / f"{item.id}.mp4"
            save(Clip(piece.frames.repeat(times, 0), fps), files[item.id])
    counts = {name: count * times for name, count in _counts(timeline, pieces).items()}
    export(timeline, target, files=files, frames=counts, fps=fps)
    return tuple(files.values())


def _pieces(
    model: FilmModel, timeline: Timeline, home: Project, cache: Cache, on_progress: OnProgress
) -> tuple[Piece, ...]:
    if not timeline.items:
        raise UsageError("the timeline is empty", remedy="Fill it with: kinora storyboard FILE")
    files = files_of(timeline)
    return render(
        model,
        timeline,
        cache,
        clips={str(file): open_film(file, model=model)[0] for file in files},
        digests={str(file): sha256(file) for file in files},
        cast=Cast(home.characters),
        on_progress=on_progress,
    )


def _counts(timeline: Timeline, pieces: tuple[Piece, ...]) -> dict[str, int]:
    pairs = zip(timeline.items, pieces, strict=True)
    return {item.id: len(piece.frames) for item, piece in pairs if item.kind != "gap"}


def _request(
    model: FilmModel, timeline: Timeline, pieces: tuple[Piece, ...], *, heard: Mapping[str, str]
) -> Request:
    likes, items = model.capabilities, list(timeline.shots())
    clip = assemble(pieces, likes.fps)
    return Request(
        prompts=tuple(heard[shot.prompt] for shot in items),
        seconds=(len(clip) - 1) / clip.fps,
        height=clip.height,
        width=clip.width,
        seed=items[0].seed if items else 0,
        steps=timeline.steps or likes.steps[1],
        guidance=timeline.guidance or likes.guidance,
        shift=likes.shift,
        negative=timeline.negative,
        conditions=_listening(model, timeline, pieces),
    )


def _listening(
    model: FilmModel, timeline: Timeline, pieces: tuple[Piece, ...]
) -> tuple[Words, ...]:
    """Which latent frames of the whole film, as one clip, listen to which shot; what lies between, to the last."""
    step, at, number, heard = model.stride.time, 0, -1, list[Words]()
    for item, piece in zip(timeline.items, pieces, strict=True):
        if item.kind == "shot":
            number += 1
            heard.append(Words(number, (at + step - 1) // step))
        at += len(piece.frames)
    # Words without an end are heard until the next ones are.
    return tuple(heard[1:])
