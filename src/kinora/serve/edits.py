"""A wish as a verb of the studio. In: a model, a wish, its sources and pictures. Out: the edited film.

The verbs themselves are `kinora.timeline`'s; here is only what the wire adds: delivered sizes become
made ones, an uploaded clip is brought to a length that the model can make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from kinora.core.clip import Clip, Frames
from kinora.core.config import settle
from kinora.core.progress import OnProgress
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.serve.creation import heard, references
from kinora.serve.jobs.wish import Wish
from kinora.serve.reel import Reel
from kinora.serve.sizes import frames_made
from kinora.timeline.angles import Angles
from kinora.timeline.animate import Animate
from kinora.timeline.blend import Blend
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.fresh import fresh
from kinora.timeline.loop import Loop
from kinora.timeline.outpaint import Outpaint
from kinora.timeline.perform import Looks, act, perform
from kinora.timeline.recut import Recut
from kinora.timeline.region import Change, Mask, mask_of
from kinora.timeline.remix import Remix
from kinora.timeline.retake import Retake
from kinora.timeline.source import Source, of_clip

VERBS: Mapping[str, type[Edit]] = {
    "remix": Remix,
    "edit": Remix,
    "extension": Extend,
    "loop": Loop,
    "blend": Blend,
    "retake": Retake,
    "change": Change,
    "outpaint": Outpaint,
    "recut": Recut,
    "angles": Angles,
}
"""The studio's values for each kind of wish that has a source."""

WHOLE = ("remix", "edit", "retake", "change", "outpaint", "angles")
"""Edits after which a film is as long as before: an upload is filled up, where others cut it."""


@dataclass(frozen=True, eq=False)
class Assets:
    """What a wish names, fetched.

    Args:
        sources: films of ours, or pixels `[t h w 3]` of uploaded ones.
        pictures: pixels `[1 h w 3]`.
        characters: pixels `[t h w 3]`.
    """

    sources: tuple[Reel | Frames, ...] = ()
    pictures: tuple[Frames, ...] = ()
    characters: tuple[Frames, ...] = ()


def sources(model: FilmModel, wish: Wish, assets: Assets) -> tuple[Source, ...]:
    """What the edit starts from; none for a film from pictures.

    Raises:
        UsageError: a clip is not fit for it.
    """
    if wish.kind == "animate":
        return ()
    return tuple(_source(model, wish, each) for each in assets.sources)


def edit(
    model: FilmModel,
    wish: Wish,
    assets: Assets,
    *,
    given: tuple[Source, ...],
    on_progress: OnProgress,
) -> Film:
    """Make the edit of the sources `given`.

    Raises:
        UsageError: the source is not fit for it.
        UnsupportedError: the model lacks what it needs.
    """
    if wish.kind == "animate":
        return _animated(model, wish, assets, on_progress)
    where = _mask(wish, assets.pictures) if wish.kind == "change" else None
    return act(model, wanted(model, wish, given), given, where=where, on_progress=on_progress)[0]


def dreamt(
    model: FilmModel, wish: Wish, given: tuple[Source, ...], *, frames: int
) -> tuple[int, int]:
    """Which frames of the edited film are new, from the first to the last (exclusive).

    Args:
        model: any film model.
        wish: of any kind with a source but "blend", or from pictures.
        given: its sources.
        frames: of the whole film.
    """
    if wish.kind == "animate":
        return 0, frames
    return fresh(wanted(model, wish, given), given, frames=frames, time=model.stride.time)


def wanted(model: FilmModel, wish: Wish, given: tuple[Source, ...]) -> Edit:
    """The values of the studio's verb, of a wish with sources."""
    values = _values(wish)
    if wish.kind == "extension":
        values["seconds"] = _missing(model, wish, given[0])
    if wish.kind == "change":
        values = _placed(wish, values)
    return settle(VERBS[wish.kind], values)


def _values(wish: Wish) -> dict[str, Any]:
    """The values of the verb, and those that every verb takes."""
    common = {"seed": wish.seed, "steps": wish.steps, "guidance": wish.guidance}
    return {**common, "negative": wish.negative, **wish.options}


def _animated(model: FilmModel, wish: Wish, assets: Assets, tell: OnProgress) -> Film:
    height, width, fps = wish.made_height, wish.made_width, model.capabilities.fps
    frames = frames_made(model.stride, seconds=wish.seconds, fps=fps)
    size = {"height": height, "width": width, "seconds": (frames - 1) / fps}
    looks: Looks | None = None
    if assets.characters:
        looks = Looks(references(model, assets.characters, height=height, width=width))
    return perform(
        model,
        settle(Animate, {**_values(wish), **size, "prompt": heard(wish)[0]}),
        [Clip(pixels, fps) for pixels in assets.pictures],
        times=[picture.seconds for picture in wish.pictures],
        seen=looks,
        on_progress=tell,
    )[0]


def _source(model: FilmModel, wish: Wish, given: Reel | Frames) -> Source:
    if isinstance(given, Reel):
        return given.source(model)
    frames = given
    if wish.kind in WHOLE:
        count = model.stride.frames_for(len(frames))
        fill = np.repeat(frames[-1:], count - len(frames), axis=0)
        frames = np.concatenate([frames, fill])
    clip = Clip(frames, model.capabilities.fps)
    return of_clip(model, clip, size=(wish.made_height, wish.made_width))


def _missing(model: FilmModel, wish: Wish, known: Source) -> float:
    """Seconds to be added so that the stitched total is what was promised."""
    fps = model.capabilities.fps
    total = frames_made(model.stride, seconds=wish.seconds, fps=fps)
    return max(model.stride.time, total - len(known.clip)) / fps


def _placed(wish: Wish, values: dict[str, Any]) -> dict[str, Any]:
    """The box of delivered pixels as one of made pixels."""
    if values.get("box") is None:
        return values
    left, top, width, height = values["box"]
    down, right = _margins(wish)
    if down >= 0 and right >= 0:
        return values | {"box": (left + right, top + down, width, height)}
    high, wide = wish.made_height / wish.height, wish.made_width / wish.width
    scaled = (left * wide, top * high, max(1.0, width * wide), max(1.0, height * high))
    return values | {"box": tuple(round(side) for side in scaled)}


def _mask(wish: Wish, pictures: tuple[Frames, ...]) -> Mask | None:
    """True where the picture is light, at the made size."""
    if not pictures:
        return None
    light = torch.from_numpy(mask_of(Clip(pictures[0], 1.0))).float()[None, None]
    down, right = _margins(wish)
    inner = (wish.height, wish.width) if min(down, right) >= 0 else None
    size = inner or (wish.made_height, wish.made_width)
    fitted = torch.nn.functional.interpolate(light, size=size)[0, 0].numpy() > 0
    if inner is None:
        return fitted
    rest_down = wish.made_height - wish.height - down
    rest_right = wish.made_width - wish.width - right
    return np.pad(fitted, ((down, rest_down), (right, rest_right)))


def _margins(wish: Wish) -> tuple[int, int]:
    """Made pixels above and left of the delivered picture; negative where it is enlarged."""
    return (wish.made_height - wish.height) // 2, (wish.made_width - wish.width) // 2
