"""What a shot begins with. In: a document, its files. Out: a film, frames, or nothing."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.document import Shot, Timeline


def files_of(timeline: Timeline) -> tuple[Path, ...]:
    """The files that the film's shots begin with."""
    names = [shot.image or shot.clip for shot in timeline.shots()]
    return tuple(Path(name) for name in dict.fromkeys(names) if name)


def opening(
    model: FilmModel, shot: Shot, clips: Mapping[str, Film | Clip], *, size: tuple[int, int]
) -> Film | Clip | None:
    """What a shot begins with: a film whose latents can go on the canvas as they are, frames, or nothing.

    Args:
        model: what goes on from it.
        shot: of a document.
        clips: its files, as for `render`.
        size: `(height, width)` of the film.

    Raises:
        UsageError: the clip is over before the shot begins in it.
    """
    name = shot.image or shot.clip
    if name is None:
        return None
    given = clips[name]
    if shot.image is not None:
        return Clip(frames_of(given).frames[:1], frames_of(given).fps)
    if shot.start:
        return _from(frames_of(given), shot)
    if not isinstance(given, Film):
        return given
    fits = given.latents.shape[1] == model.channels
    return given if fits and (given.clip.height, given.clip.width) == size else given.clip


def padded(model: FilmModel, clip: Clip) -> Clip:
    """The clip with its last frame repeated until the last latent frame is full: none of its own is left out."""
    fps, stride = model.capabilities.fps, model.stride
    wanted = max(1, round(len(clip) * fps / clip.fps))
    full = stride.pixel_frames(-(-(wanted - 1) // stride.time) + 1)
    missing = ceil((full - wanted) * clip.fps / fps)
    frames = np.concatenate([clip.frames, clip.frames[-1:].repeat(missing, 0)])
    return replace(clip, frames=frames)


def _from(clip: Clip, shot: Shot) -> Clip:
    """The clip from `shot.start` on; `UsageError` if it is over by then."""
    first = round(shot.start * clip.fps)
    if first >= len(clip):
        raise UsageError(
            f"{shot.clip} is {clip.seconds:g} s long",
            why=f"shot {shot.id} begins {shot.start:g} s into it",
        )
    return Clip(clip.frames[first:], clip.fps)


def frames_of(given: Film | Clip) -> Clip:
    """The frames of either."""
    return given.clip if isinstance(given, Film) else given
