"""A film as files, and back. In: a film and a name. Out: the video, its sidecar, its latents.

`clip.mp4` gets `clip.mp4.json` (the recipe) and `clip.mp4.latents` (safetensors, float32, with those of
the characters it looked at): edits go on from the latents, so nothing is lost to the video codec.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from kinora.core.clip import Clip
from kinora.core.errors import BadMediaError, UsageError
from kinora.core.progress import OnProgress, silent
from kinora.core.version import __version__
from kinora.denoise.checkpoint import load
from kinora.denoise.condition import Reference, View, Words
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request
from kinora.media.atomic import telling, unfinished
from kinora.media.measure import LONG, Measured, Seam, drift, tally
from kinora.media.sequence import beside, files_of, pictures
from kinora.media.sidecar import (
    Model,
    Parent,
    Sampling,
    Shot,
    Sidecar,
    Size,
    read_sidecar,
    write_sidecar,
)
from kinora.media.video import KEEPING, QUALITY
from kinora.media.write import save as save_clip
from kinora.open_weights.model import OpenModel


def latents_path(file: Path) -> Path:
    """Where a film's latents lie."""
    return beside(file, ".latents")


def sidecar_of(
    film: Film,
    model: FilmModel,
    *,
    verb: str,
    asked: Request | None = None,
    options: Mapping[str, JsonValue] | None = None,
    parents: tuple[Parent, ...] = (),
    seams: tuple[Seam, ...] = (),
) -> Sidecar:
    """Everything needed to make the film again, and what is measured of it."""
    made = film.request
    size = Size(
        width=film.clip.width, height=film.clip.height, frames=len(film.clip), fps=film.clip.fps
    )
    likes = model.capabilities
    times = likes.times
    wanted = size
    if asked is not None:
        wanted = Size(
            width=asked.width or size.width // times,
            height=asked.height or size.height // times,
            frames=round(asked.seconds * size.fps) + 1,
            fps=size.fps,
        )
    assert made.steps is not None
    assert made.guidance is not None
    return Sidecar(
        verb=verb,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        shots=tuple(Shot(prompt=prompt) for prompt in made.prompts),
        seed=made.seed,
        asked=wanted,
        made=size,
        sampling=Sampling(solver=likes.solver.__name__, steps=made.steps, guidance=made.guidance),
        model=Model(id=model.name, weights=model.checksums(), outside=_outside(model)),
        options={
            "shift": made.shift,
            "negative": made.negative,
            "words": _stretches(made, Words),
            "views": _stretches(made, View),
            **({"hd": times} if times > 1 else {}),
            **({} if film.whole else {"whole": False}),
            **(options or {}),
        },
        parents=parents,
        versions={"kinora": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        timings={stage: round(seconds, 3) for stage, seconds in film.timings.items()},
        measured=Measured(
            seams=seams, drift=drift(tally(film.clip.frames)) if steady(made) else None
        ),
    )


def steady(made: Request) -> bool:
    """Whether a film is long, and words and camera stay: only then is a change from beginning to end a drift."""
    return made.seconds >= LONG and len(made.prompts) == 1 and not _stretches(made, View)


def _outside(model: FilmModel) -> dict[str, Any]:
    return dict(model.told) if isinstance(model, OpenModel) else {}


def deliver(
    film: Film,
    sidecar: Sidecar,
    file: Path,
    *,
    words: bool = True,
    on_progress: OnProgress = silent,
) -> Sidecar:
    """Write the latents, the video and the sidecar; each appears whole or not at all.

    An older film of that name keeps all of its own until the new video is there.

    Args:
        film: what was made.
        sidecar: how.
        file: name of the video, still, GIF or numbered pictures.
        words: False leaves prompts and options out.
        on_progress: told after every frame; may raise to stop.

    Raises:
        KinoraError: the disk refuses, or the format cannot hold the film.
    """
    told = sidecar if words else sidecar.without_words()
    # Frames that come from a film shall still be those of its file.
    quality = KEEPING if sidecar.parents else QUALITY
    latents = latents_path(file)
    with unfinished(latents) as part:
        with telling(latents):
            part.write_bytes(packed(film.latents, film.request))
        save_clip(film.clip, file, comment=told.recipe(), quality=quality, on_progress=on_progress)
    return with_sidecar(told, file)


def with_sidecar(told: Sidecar, file: Path) -> Sidecar:
    """The sidecar of a finished film as written; pictures that cannot get one are removed.

    A second try would be refused beside them.
    """
    try:
        return write_sidecar(told, file)
    except BaseException:
        for picture in pictures(file):
            picture.unlink()
        if not files_of(file):
            latents_path(file).unlink(missing_ok=True)
        raise


def spare(target: Path, files: Iterable[Path]) -> None:
    """Raise `UsageError` if a film would be written over a file that it is made from."""
    for file in files:
        if target.exists() and file.exists() and target.samefile(file):
            raise UsageError(
                f"{target} would be written over what it is made from",
                remedy="Choose another name with --out",
            )


def recall(file: Path, clip: Clip) -> Film | None:
    """The film that `file` was delivered from, if its sidecar and latents still lie beside it.

    One that was drawn larger is brought back to the size it was dreamt at.

    Args:
        file: a delivered video.
        clip: its decoded frames.

    Raises:
        BadMediaError: the latents are damaged.
        NotFoundError: there is no sidecar.
    """
    if not latents_path(file).exists():
        return None
    told = read_sidecar(file)
    request, stored = request_of(told), stored_latents(file)
    clip = shrunk(clip, times_of(told))
    characters = (Reference(stored["references"]),) if "references" in stored else ()
    request = replace(request, conditions=(*request.conditions, *characters))
    whole = told.options.get("whole", True) is not False
    return Film(clip=clip, latents=stored["latents"], request=request, whole=whole)


def times_of(told: Sidecar) -> int:
    """How many times as large as it was dreamt a film was drawn."""
    times = told.options.get("hd")
    return times if isinstance(times, int) else 1


def shrunk(clip: Clip, times: int) -> Clip:
    """The clip averaged down to a `times`-th of its sides."""
    if times == 1:
        return clip
    t, h, w, _ = clip.frames.shape
    blocks = clip.frames.reshape(t, h // times, times, w // times, times, 3)
    return Clip(blocks.mean((2, 4)).round().astype(np.uint8), clip.fps)


def packed(latents: Tensor, request: Request) -> bytes:
    """The latents `[f c h w]` of a film as a file, with the references it looked at."""
    seen = [each.latents for each in request.conditions if isinstance(each, Reference)]
    tensors = {"latents": latents} | ({"references": torch.cat(seen)} if seen else {})
    return save({name: tensor.contiguous().cpu() for name, tensor in tensors.items()})


def stored_latents(file: Path) -> dict[str, Tensor]:
    """The tensors beside a film: `latents`, and `references` if it looked at any.

    Raises:
        BadMediaError: they are damaged.
    """
    path = latents_path(file)
    try:
        stored = load(path)
        stored["latents"]
    except (SafetensorError, KeyError) as error:
        raise BadMediaError(
            f"{path} is damaged",
            why=str(error),
            remedy="Delete it, and go on from the video itself",
        ) from error
    return stored


def request_of(told: Sidecar) -> Request:
    """The request that a sidecar tells of."""
    sampling, asked, options = told.sampling, told.asked, told.options
    shift = options.get("shift")
    return Request(
        prompts=tuple(shot.expansion or shot.prompt for shot in told.shots) or ("",),
        seconds=0.0 if asked is None else (asked.frames - 1) / asked.fps,
        height=asked.height if asked else None,
        width=asked.width if asked else None,
        seed=told.seed or 0,
        steps=sampling.steps if sampling else None,
        guidance=sampling.guidance if sampling else None,
        shift=float(shift) if isinstance(shift, int | float) else None,
        negative=str(options.get("negative") or ""),
        conditions=(
            *(Words(*run) for run in _runs(options.get("words"))),
            *(View(*run) for run in _runs(options.get("views"))),
        ),
    )


def _stretches(made: Request, kind: type[Words] | type[View]) -> list[JsonValue]:
    """Which latent frames listen to which shot, or are seen by which camera: `[number, start, stop]`."""
    said = [each for each in made.conditions if isinstance(each, kind)]
    return [
        [each.text if isinstance(each, Words) else each.view, each.start, each.stop]
        for each in said
    ]


def _runs(told: Any) -> list[tuple[int, int, int | None]]:
    """What `_stretches` stored; anything else is nobody's and left out."""
    if not isinstance(told, list):
        return []
    runs = [each for each in told if isinstance(each, list) and len(each) == 3]
    return [
        (number, start, stop if isinstance(stop, int) else None)
        for number, start, stop in runs
        if isinstance(number, int) and isinstance(start, int)
    ]
