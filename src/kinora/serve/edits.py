"""A wish as a canvas. In: a model, a wish, its pictures and source. Out: what to denoise, and how much to keep.

The one place where the server knows how an edit is made.
"""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
import torch
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.errors import UnsupportedError
from kinora.core.shape import PixelShape, Stride
from kinora.denoise.canvas import OUTSIDE_TIME, Canvas, join
from kinora.denoise.condition import Condition, Hold, Keyframe, Strength, Words, apply_all
from kinora.denoise.model import FilmModel
from kinora.generate import Request, lay_out, settle
from kinora.media.image import cover
from kinora.serve.jobs.wish import Wish
from kinora.serve.sizes import frames_made

REFERENCES = 2
"""Frames of a character's video that the model looks at: its first and its middle one."""


@dataclass(frozen=True, eq=False)
class Assets:
    """What a wish names, fetched: pixels `[t h w 3]`, latents `[f c h w]`."""

    pictures: tuple[Frames, ...] = ()
    latents: Tensor | None = None
    pixels: Frames | None = None
    characters: tuple[Frames, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """What to denoise.

    Args:
        request: every None filled in.
        canvas: with all conditions on it.
        frames: latent frames of the film itself; what follows them is only looked at.
    """

    request: Request
    canvas: Canvas
    frames: int


def plan(model: FilmModel, wish: Wish, assets: Assets) -> Plan:
    """Lay out the canvas of a wish.

    Raises:
        UnsupportedError: the model lacks what the wish needs.
    """
    fps = model.capabilities.fps
    frames = frames_made(model.stride, seconds=wish.seconds, fps=fps)
    request = Request(
        prompts=tuple(card.prompt for card in wish.cards),
        seconds=(frames - 1) / fps,
        height=wish.made_height,
        width=wish.made_width,
        seed=wish.seed,
        steps=wish.steps,
        guidance=wish.guidance,
        negative=wish.negative,
    )
    request, shape, _ = settle(model, request)
    canvas = apply_all(lay_out(model, shape), _conditions(model, wish, assets))
    count = len(canvas)
    references = _references(model, assets, shape)
    return Plan(request, join([canvas, references]) if references else canvas, count)


def _conditions(model: FilmModel, wish: Wish, assets: Assets) -> list[Condition]:
    step = model.stride.time / model.capabilities.fps
    conditions: list[Condition] = [
        Words(index, start=round(card.start / step)) for index, card in enumerate(wish.cards)
    ]
    for picture, pixels in zip(wish.pictures, assets.pictures, strict=True):
        latent = model.encode(Clip(pixels, model.capabilities.fps))[0]
        conditions.append(Keyframe(latent, picture.seconds))
    return _source(model, wish, assets) + conditions


def _source(model: FilmModel, wish: Wish, assets: Assets) -> list[Condition]:
    match wish.kind:
        case "create":
            return []
        case "extension":
            return [Hold(_latents(model, assets, whole=False))]
        case "remix" | "edit":
            made = frames_made(model.stride, seconds=wish.seconds, fps=model.capabilities.fps)
            latents = _latents(model, assets, whole=True)[: model.stride.latent_frames(made)]
            return [Strength(latents, wish.strength)]
        case never:
            assert_never(never)


def _latents(model: FilmModel, assets: Assets, *, whole: bool) -> Tensor:
    """`[f c h w]` of the source; an uploaded one is cut to full latent frames or filled up to them."""
    if assets.latents is not None:
        return assets.latents
    assert assets.pixels is not None, "an edit has a source"
    pixels = assets.pixels
    count = _fitting(model.stride, len(pixels), whole=whole)
    fill = np.repeat(pixels[-1:], max(0, count - len(pixels)), axis=0)
    pixels = np.concatenate([pixels, fill])[:count]
    return model.encode(Clip(pixels, model.capabilities.fps))


def _fitting(stride: Stride, frames: int, *, whole: bool) -> int:
    """The nearest number of frames that makes full latent frames: not below `frames` if `whole`."""
    near = stride.snap_frames(frames)
    if whole and near < frames:
        return near + stride.time
    return near if whole or near <= frames else near - stride.time


def _references(model: FilmModel, assets: Assets, shape: PixelShape) -> Canvas | None:
    """Frames outside time, at level 0, that show each character."""
    if not assets.characters:
        return None
    if not model.capabilities.references:
        raise UnsupportedError(
            f"{model.name} cannot keep a character", remedy="Choose a model with references"
        )
    shots = [
        cover(frames[at], height=shape.height, width=shape.width)
        for frames in assets.characters
        for at in sorted({0, len(frames) // 2})[:REFERENCES]
    ]
    fps = model.capabilities.fps
    latents = torch.cat([model.encode(Clip(shot[None], fps)) for shot in shots])
    count = len(latents)
    return Canvas(
        latents=latents,
        level=torch.zeros(count),
        time=torch.full((count,), OUTSIDE_TIME),
        view=torch.zeros(count, dtype=torch.long),
        text=torch.zeros(count, dtype=torch.long),
    )
