"""Latents as frames once more. In: `clip.mp4.latents`, and the model whose they are. Out: the clip."""

from pathlib import Path

import numpy as np

from kinora.core.clip import Clip
from kinora.core.errors import UnsupportedError
from kinora.core.progress import OnProgress, silent
from kinora.denoise.model import FilmModel
from kinora.denoise.stream import window
from kinora.generate import decoded
from kinora.media.probe import check_file
from kinora.media.sidecar import read_sidecar, sidecar_path
from kinora.timeline.deliver import latents_path, stored_latents
from kinora.timeline.fulfil import same_latents


def film_of(file: Path) -> Path | None:
    """`clip.mp4.latents` -> `clip.mp4`, the film that they lie beside; None for any other file."""
    film = file.with_suffix("")
    return film if latents_path(film) == file else None


def draw(film: Path, model: FilmModel, *, on_progress: OnProgress = silent) -> Clip:
    """The frames of the latents beside a film, at the size it was dreamt in; the film need not be there.

    Args:
        film: the video, still or picture 0 of a sequence.
        model: whose autoencoder made the latents.
        on_progress: told after every chunk; may raise to stop.

    Raises:
        NotFoundError: there are no latents.
        BadMediaError: they or the sidecar are damaged.
        UnsupportedError: they are another model's.
    """
    path = latents_path(film)
    check_file(path)
    latents = stored_latents(film)["latents"]
    made_by = read_sidecar(film).model if sidecar_path(film).exists() else None
    theirs = made_by is not None and not same_latents(made_by, model)
    if theirs or latents.dim() != 4 or latents.shape[1] != model.channels:
        raise UnsupportedError(
            f"{model.name} cannot read {path}", remedy="Name the model that made the film"
        )
    many = window(model)
    parts = (latents[start : start + many] for start in range(0, len(latents), many))
    frames = list(decoded(model, parts, len(latents), on_progress))
    return Clip(np.concatenate(frames), model.capabilities.fps)
