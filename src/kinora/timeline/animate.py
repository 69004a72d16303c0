"""Pictures that move. In: pictures with times. Out: a film that shows each of them at its time.

On the Canvas: the pictures' latents at 0, all other frames at 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.core.shape import PixelShape, check_seconds
from kinora.denoise.canvas import Canvas
from kinora.denoise.condition import Hold
from kinora.denoise.model import FilmModel
from kinora.generate import Film, lay_out
from kinora.timeline.edit import Edit, check, fill, film, need
from kinora.timeline.seam import between, shown
from kinora.timeline.source import Source, conform, outside_time, with_references


class Animate(Edit):
    """How long the film shall be; its size is that of the first picture by default."""

    seconds: float = Field(default=4.0, gt=0, le=3600)
    height: int | None = Field(default=None, ge=16, le=4096)
    width: int | None = Field(default=None, ge=16, le=4096)


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame of a clip, shown at `seconds`; a negative time counts from the end."""

    clip: Clip
    seconds: float = 0.0


def animate(
    model: FilmModel, picture: Clip, edit: Animate, *, on_progress: OnProgress = silent
) -> Film:
    """A film that begins with the picture."""
    return keyframes(model, (Picture(picture),), edit, on_progress=on_progress)


def keyframes(
    model: FilmModel,
    pictures: Sequence[Picture],
    edit: Animate,
    *,
    references: Tensor | None = None,
    on_progress: OnProgress = silent,
) -> Film:
    """A film that shows every picture, to the last bit, at the nearest frame that can hold one.

    Args:
        model: any film model.
        pictures: at least one; all are brought to the size of the film.
        edit: words, length and size.
        references: `[n c h w]` characters of the film's size to look at.
        on_progress: told after every step and chunk.

    Raises:
        UsageError: no picture, one outside the film, or two for the same frame.
    """
    need(model)
    check(len(pictures) > 0, "there is no picture")
    size = (edit.height, edit.width) if edit.height and edit.width else None
    first, told = conform(model, Clip(pictures[0].clip.frames[:1], pictures[0].clip.fps), size=size)
    shape = model.stride.snap(
        PixelShape(
            round(check_seconds(edit.seconds) * model.capabilities.fps) + 1,
            first.height,
            first.width,
        )
    )
    canvas = lay_out(model, shape)
    held = {
        _place(canvas, picture, edit.seconds): _fitted(model, picture, first)
        for picture in pictures
    }
    check(len(held) == len(pictures), "two pictures fall on the same frame")
    for at, still in held.items():
        canvas = Hold(model.encode(still).cpu(), at).apply(canvas)
    request = edit.request(model, (edit.prompt or "",))
    base = _base(model, first, canvas, told)
    if references is not None:
        base = with_references(base, references)
    new = fill(model, request, canvas, outside=outside_time(base), on_progress=on_progress)
    frames = between(model, new.latents, on_progress=on_progress)
    for at, still in held.items():
        frames = shown(frames, still.frames[0], at * model.stride.time)
    return film(model, request, frames, new, given=base)


def _place(canvas: Canvas, picture: Picture, seconds: float) -> int:
    """The latent frame nearest to the picture's time."""
    time = picture.seconds + (seconds if picture.seconds < 0 else 0)
    check(
        -1e-6 <= time <= seconds + 1e-6,
        f"a picture at {picture.seconds:g} s is outside a film of {seconds:g} s",
    )
    return int(torch.argmin((canvas.time - time).abs()))


def _fitted(model: FilmModel, picture: Picture, like: Clip) -> Clip:
    still = Clip(picture.clip.frames[:1], like.fps)
    return conform(model, still, size=(like.height, like.width))[0]


def _base(model: FilmModel, first: Clip, canvas: Canvas, told: tuple[str, ...]) -> Source:
    zeros = torch.zeros(1, dtype=torch.long)
    return Source(
        clip=Clip(first.frames, model.capabilities.fps),
        latents=canvas.latents[:1],
        prompts=("",),
        text=zeros,
        view=zeros,
        step=model.stride.time / model.capabilities.fps,
        references=canvas.latents[:0],
        told=told,
    )
