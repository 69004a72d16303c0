"""A project's timeline as files. In: a document, its folder. Out: the film, or what editors open."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from pydantic import JsonValue

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.core.progress import OnProgress, silent
from kinora.denoise.condition import Condition, Words
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, toothless
from kinora.media.measure import Measured
from kinora.media.read import read
from kinora.media.sidecar import Parent, sha256
from kinora.media.target import check_target
from kinora.media.write import save
from kinora.prompt.endpoint import Endpoint
from kinora.prompt.expand import expand
from kinora.timeline.cache import Cache, Piece
from kinora.timeline.characters import Cast, reference
from kinora.timeline.deliver import deliver, sidecar_of, spare
from kinora.timeline.direct import both, lines_of, noted
from kinora.timeline.document import Timeline
from kinora.timeline.fulfil import open_film
from kinora.timeline.interchange import export, repeats
from kinora.timeline.meet import flows
from kinora.timeline.opening import files_of, opening
from kinora.timeline.project import Project
from kinora.timeline.render import assemble, render, size_of
from kinora.timeline.sight import sighted_shots


@dataclass(frozen=True, eq=False)
class Prepared:
    """A timeline about to be rendered.

    Args:
        timeline: with what its shots go on from and nobody said.
        paint: renders it, or any other that begins with no other files.
        notes: what was fitted and added.
    """

    timeline: Timeline
    paint: Callable[[Timeline], tuple[Piece, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """What became of a timeline: frames of every item by id (gaps have none), what is to be told and was measured."""

    frames: dict[str, int]
    notes: tuple[str, ...]
    measured: Measured


def make_film(
    timeline: Timeline,
    home: Project,
    target: Path,
    *,
    model: FilmModel,
    cache: Cache | None = None,
    options: Mapping[str, JsonValue] | None = None,
    words: bool = True,
    on_progress: OnProgress = silent,
) -> Made:
    """Render the timeline and write film, sidecar and latents to `target`.

    Args:
        timeline: what the film is to be.
        home: keeps its pieces and its cast.
        target: name of the film.
        model: what dreams.
        cache: where pieces are kept instead.
        options: what else the sidecar is to tell.
        words: False leaves prompts and options out of film and sidecar; the project keeps them.
        on_progress: told after every step of every item.
    """
    check_target(target, fps=model.capabilities.fps, frames=2)
    spare(target, files_of(timeline))
    ready = prepare(model, timeline, home, cache=cache, on_progress=on_progress)
    timeline = ready.timeline
    pieces = ready.paint(timeline)
    clip = assemble(pieces, model.capabilities.fps)
    spoken = lines_of(timeline, cast=Cast(home.characters))
    film = Film(
        clip,
        torch.cat([piece.latents for piece in pieces]),
        _request(model, timeline, pieces, words=spoken, seen=_looked_at(model, timeline, home)),
        whole=_whole(model, pieces),
    )
    parents = tuple(Parent(file=str(f), sha256=sha256(f)) for f in files_of(timeline))
    told: dict[str, JsonValue] = {"timeline": timeline.model_dump(mode="json"), **(options or {})}
    cast = _cast(timeline, home)
    if cast:
        told["characters"] = cast
    sidecar = sidecar_of(
        film, model, verb="storyboard", options=told, parents=parents,
        seams=flows(timeline.items, pieces, clip),
    )  # fmt: skip
    told_shots = tuple(both(shot.prompt, spoken[shot.id]) for shot in timeline.shots())
    sidecar = sidecar.model_copy(update={"shots": told_shots})
    deliver(film, sidecar, target, words=words, on_progress=on_progress)
    asked = film.request
    notes = (*ready.notes, *_noted(model, timeline, spoken, cast))
    notes += toothless(asked.negative, asked.guidance)
    return Made(_counts(timeline, pieces), notes, sidecar.measured)


def written_out(
    timeline: Timeline, home: Project, endpoint: Endpoint, *, known: Mapping[str, str]
) -> Timeline:
    """The timeline with every prompt as the endpoint writes it.

    Args:
        timeline: whose prompts they are.
        home: keeps the cast.
        endpoint: who is asked.
        known: what was written before: it stays, so that shots that did not change are not dreamt again.

    Raises:
        UsageError: the address is not one.
        KinoraError: the endpoint does not answer.
    """
    cast = Cast(home.characters)
    prompts = dict.fromkeys(shot.prompt for shot in timeline.shots() if shot.prompt)
    written = {
        each: known.get(each) or expand(cast.cast(each)[0], endpoint=endpoint).text
        for each in prompts
    }
    return timeline.model_copy(update={"expand": True, "written": written})


def _noted(
    model: FilmModel, timeline: Timeline, words: Mapping[str, str], cast: Iterable[str]
) -> tuple[str, ...]:
    """What directors wrote for the prompts, and the words that the model does not understand."""
    names = tuple(cast)
    lines = (
        line
        for shot in timeline.shots()
        for line in (
            noted(model, (shot.prompt,), names, expansion=words[shot.id])
            if timeline.expand
            else noted(model, (words[shot.id],), names)
        )
    )
    return tuple(dict.fromkeys(lines))


def _looked_at(model: FilmModel, timeline: Timeline, home: Project) -> tuple[Condition, ...]:
    """References to everybody whom the shots name: edits of the film see them too."""
    cast = Cast(home.characters)
    named = {each.name: each for shot in timeline.shots() for each in cast.cast(shot.prompt)[1]}
    height, width = size_of(model, timeline)
    return reference(model, tuple(named.values()), height=height, width=width)


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
    folder = target.parent / f"{target.stem}-shots"
    for item in timeline.items:
        if item.kind != "gap":
            spare(folder / f"{item.id}.mp4", files_of(timeline))
    ready = prepare(model, timeline, home, on_progress=on_progress)
    pieces = ready.paint(ready.timeline)
    folder.mkdir(parents=True, exist_ok=True)
    fps = model.capabilities.fps * times
    for item, piece in zip(timeline.items, pieces, strict=True):
        if item.kind != "gap":
            files[item.id] = folder / f"{item.id}.mp4"
            save(Clip(piece.frames.repeat(times, 0), fps), files[item.id])
    counts = {name: count * times for name, count in _counts(timeline, pieces).items()}
    export(timeline, target, files=files, frames=counts, fps=fps)
    return tuple(files.values())


def prepare(
    model: FilmModel,
    timeline: Timeline,
    home: Project,
    *,
    cache: Cache | None = None,
    on_progress: OnProgress = silent,
) -> Prepared:
    """The timeline with its files opened and looked at, and what renders it.

    Args:
        model: what dreams.
        timeline: whose files are opened.
        home: keeps the pieces and the cast.
        cache: where pieces are kept instead.
        on_progress: told after every step of every item.

    Raises:
        UsageError: the timeline is empty.
    """
    if not timeline.items:
        raise UsageError("the timeline is empty", remedy="Fill it with: kinora storyboard FILE")
    files = files_of(timeline)
    clips, fitted = _opened(model, timeline)
    cast = Cast(home.characters)
    seen, added = sighted_shots(model, timeline, clips, cast=cast)
    paint = partial(
        render,
        model,
        cache=cache or home.cache,
        clips=clips,
        digests={str(file): sha256(file) for file in files},
        cast=cast,
        on_progress=on_progress,
    )
    return Prepared(seen, paint, (*fitted, *_given_way(model, timeline, clips), *added))


def _opened(model: FilmModel, timeline: Timeline) -> tuple[dict[str, Film | Clip], tuple[str, ...]]:
    """Every file of the shots by its name, at the size of the film; and what was fitted."""
    size = height, width = size_of(model, timeline)
    notes = list[str]()
    asked = timeline.height or height, timeline.width or width
    if asked != size:
        notes.append(f"{asked[1]}x{asked[0]} became {width}x{height}")
    clips, moving = dict[str, Film | Clip](), {shot.clip for shot in timeline.shots()}
    for file in files_of(timeline):
        if str(file) in moving:
            clips[str(file)], told = open_film(file, model=model, size=size)
            notes += told
        else:
            reading = read(file, size=size, most=1)
            clips[str(file)] = reading.clip
            notes += (f"{file}: {line}" for line in reading.told)
    return clips, tuple(notes)


def _given_way(
    model: FilmModel, timeline: Timeline, clips: Mapping[str, Film | Clip]
) -> Iterator[str]:
    """Of clips that are dreamt on, how many frames are left out at the end: a latent frame spans several."""
    fps, time = model.capabilities.fps, model.stride.time
    for shot in timeline.shots():
        given = (
            None
            if shot.clip is None
            else opening(model, shot, clips, size=size_of(model, timeline))
        )
        if isinstance(given, Clip) and shot.seconds > given.seconds:
            lost = (round(len(given) * fps / given.fps) - 1) % time
            if lost:
                yield f"{shot.id}: the last {lost} frames of {shot.clip} give way to what is dreamt behind them"


def _whole(model: FilmModel, pieces: tuple[Piece, ...]) -> bool:
    """Whether the pieces' latents are those of one clip: every piece but the last ends where its latents do."""
    frames = latents = 0
    for piece in pieces[:-1]:
        frames, latents = frames + len(piece.frames), latents + len(piece.latents)
        if not latents or frames != model.stride.pixel_frames(latents):
            return False
    return True


def _counts(timeline: Timeline, pieces: tuple[Piece, ...]) -> dict[str, int]:
    pairs = zip(timeline.items, pieces, strict=True)
    return {item.id: len(piece.frames) for item, piece in pairs if item.kind != "gap"}


def _request(
    model: FilmModel,
    timeline: Timeline,
    pieces: tuple[Piece, ...],
    *,
    words: Mapping[str, str],
    seen: tuple[Condition, ...],
) -> Request:
    likes, items = model.capabilities, list(timeline.shots())
    clip = assemble(pieces, likes.fps)
    return Request(
        prompts=tuple(words[shot.id] for shot in items),
        seconds=(len(clip) - 1) / clip.fps,
        height=clip.height,
        width=clip.width,
        seed=items[0].seed if items else 0,
        steps=timeline.steps or likes.steps[1],
        guidance=timeline.guidance or likes.guidance,
        shift=likes.shift,
        negative=timeline.negative,
        conditions=(*_listening(model, timeline, pieces), *seen),
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
