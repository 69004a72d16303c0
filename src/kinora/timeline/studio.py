"""A project's timeline as files. In: a document, its folder. Out: the film, or what editors open."""

from dataclasses import dataclass
from pathlib import Path

import torch

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.core.progress import OnProgress, silent
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, load
from kinora.media.read import read
from kinora.media.sidecar import Parent, sha256
from kinora.media.target import check_target
from kinora.media.write import save
from kinora.models import DEFAULT
from kinora.timeline.cache import Piece
from kinora.timeline.characters import Cast
from kinora.timeline.deliver import deliver, sidecar_of
from kinora.timeline.document import Timeline
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
    model: str | None = None,
    on_progress: OnProgress = silent,
) -> Made:
    """Render the timeline and write film, sidecar and latents to `target`."""
    check_target(target, fps=8, frames=2)
    bundle = load(model or DEFAULT)
    pieces = _pieces(bundle, timeline, home, on_progress)
    clip = assemble(pieces, bundle.capabilities.fps)
    film = Film(
        clip, torch.cat([piece.latents for piece in pieces]), _request(bundle, timeline, clip)
    )
    parents = tuple(Parent(file=str(f), sha256=sha256(f)) for f in files_of(timeline))
    told = {"timeline": timeline.model_dump(mode="json")}
    sidecar = sidecar_of(film, bundle, verb="storyboard", options=told, parents=parents)
    deliver(film, sidecar, target, on_progress=on_progress)
    prompts = dict.fromkeys(shot.prompt for shot in timeline.shots())
    lost = [word for prompt in prompts for word in bundle.read([prompt]).not_understood]
    notes = tuple(f"'{word}' is not a word this model knows" for word in dict.fromkeys(lost))
    return Made(_counts(timeline, pieces), notes)


def export_film(
    timeline: Timeline,
    home: Project,
    target: Path,
    *,
    model: str | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Path, ...]:
    """Render the timeline, write every shot and bridge beside `target`, and `target` that names them."""
    bundle = load(model or DEFAULT)
    repeats(target, bundle.capabilities.fps)
    pieces = _pieces(bundle, timeline, home, on_progress)
    folder = target.parent / f"{target.stem}-shots"
    folder.mkdir(parents=True, exist_ok=True)
    times, files = repeats(target, bundle.capabilities.fps), {}
    fps = bundle.capabilities.fps * times
    for item, piece in zip(timeline.items, pieces, strict=True):
        if item.kind != "gap":
            files[item.id] = folder / f"{item.id}.mp4"
            save(Clip(piece.frames.repeat(times, 0), fps), files[item.id])
    counts = {name: count * times for name, count in _counts(timeline, pieces).items()}
    export(timeline, target, files=files, frames=counts, fps=fps)
    return tuple(files.values())


def _pieces(
    bundle: FilmModel, timeline: Timeline, home: Project, on_progress: OnProgress
) -> tuple[Piece, ...]:
    if not timeline.items:
        raise UsageError("the timeline is empty", remedy="Fill it with: kinora storyboard FILE")
    files = files_of(timeline)
    return render(
        bundle,
        timeline,
        home.cache,
        clips={str(file): read(file).clip for file in files},
        digests={str(file): sha256(file) for file in files},
        cast=Cast(home.characters),
        on_progress=on_progress,
    )


def _counts(timeline: Timeline, pieces: tuple[Piece, ...]) -> dict[str, int]:
    pairs = zip(timeline.items, pieces, strict=True)
    return {item.id: len(piece.frames) for item, piece in pairs if item.kind != "gap"}


def _request(bundle: FilmModel, timeline: Timeline, clip: Clip) -> Request:
    likes, shots = bundle.capabilities, list(timeline.shots())
    return Request(
        prompts=tuple(shot.prompt for shot in shots),
        seconds=(len(clip) - 1) / clip.fps,
        height=clip.height,
        width=clip.width,
        seed=shots[0].seed if shots else 0,
        steps=timeline.steps or likes.steps[1],
        guidance=timeline.guidance or likes.guidance,
        shift=likes.shift,
        negative=timeline.negative,
    )
