"""A wish as a canvas. In: a model, a wish, its pictures and characters. Out: what to denoise."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.errors import UnsupportedError
from kinora.denoise.canvas import Canvas
from kinora.denoise.condition import Condition, Keyframe, Reference, Words, apply_all
from kinora.denoise.model import FilmModel
from kinora.generate import Request, lay_out, settle
from kinora.media.image import cover
from kinora.prompt.names import spoken
from kinora.serve.jobs.wish import Wish
from kinora.serve.sizes import frames_made

REFERENCES = 2
"""Frames of a character's video that the model looks at: its first and its middle one."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What to denoise: every None of the request filled in, all its conditions on the canvas."""

    request: Request
    canvas: Canvas


def plan(
    model: FilmModel, wish: Wish, *, pictures: tuple[Frames, ...], characters: tuple[Frames, ...]
) -> Plan:
    """Lay out the canvas of a wish.

    Args:
        model: any film model.
        wish: of kind "create".
        pictures: pixels `[1 h w 3]` of each of its pictures.
        characters: pixels `[t h w 3]` of each of its characters.

    Raises:
        UnsupportedError: the model lacks what the wish needs.
    """
    fps = model.capabilities.fps
    frames = frames_made(model.stride, seconds=wish.seconds, fps=fps)
    request, shape, _ = settle(
        model,
        Request(
            prompts=heard(wish),
            seconds=(frames - 1) / fps,
            height=wish.made_height,
            width=wish.made_width,
            seed=wish.seed,
            steps=wish.steps,
            guidance=wish.guidance,
            negative=wish.negative,
        ),
    )
    conditions = _conditions(model, wish, pictures)
    if characters:
        looks = references(model, characters, height=shape.height, width=shape.width)
        conditions.append(Reference(looks))
    request = replace(request, conditions=tuple(conditions))
    return Plan(request, apply_all(lay_out(model, shape), conditions))


def heard(wish: Wish) -> tuple[str, ...]:
    """The words of every card as the model hears them: what a character is instead of its name."""
    words = {role.name: role.words for role in wish.cast}
    return tuple(card.expansion or spoken(card.prompt, words) for card in wish.cards)


def _conditions(model: FilmModel, wish: Wish, pictures: tuple[Frames, ...]) -> list[Condition]:
    fps = model.capabilities.fps
    step = model.stride.time / fps
    conditions: list[Condition] = [
        Words(index, start=round(card.start / step)) for index, card in enumerate(wish.cards)
    ]
    for picture, pixels in zip(wish.pictures, pictures, strict=True):
        fitted = cover(pixels[0], height=wish.made_height, width=wish.made_width)[None]
        conditions.append(Keyframe(model.encode(Clip(fitted, fps))[0], picture.seconds))
    return conditions


def references(
    model: FilmModel, characters: tuple[Frames, ...], *, height: int, width: int
) -> Tensor:
    """`[n c h w]`: frames of each character for a film of this size; raises `UnsupportedError`."""
    if not model.capabilities.references:
        raise UnsupportedError(
            f"{model.name} cannot keep a character", remedy="Choose a model with references"
        )
    shots = [
        cover(frames[at], height=height, width=width)
        for frames in characters
        for at in sorted({0, len(frames) // 2})[:REFERENCES]
    ]
    fps = model.capabilities.fps
    return torch.cat([model.encode(Clip(shot[None], fps)) for shot in shots])
