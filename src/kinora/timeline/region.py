"""Only here. In: a clip, a box or a mask. Out: the clip with that part of the picture made anew.

On the Canvas: level 1 inside the region, 0 outside it; for another aspect the clip lies, held, in the
middle of a larger canvas.
"""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, silent
from kinora.denoise.canvas import join
from kinora.denoise.condition import Region
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.media.image import cover
from kinora.prompt.retell import with_thing, without
from kinora.timeline.edit import Edit, check, fill, film, need
from kinora.timeline.retake import replaced, window
from kinora.timeline.source import Source, outside_time, source

FEATHER = 8
"""Pixels inside the region over which new fades into old."""

Mask = NDArray[np.bool_]
"""`[h w]`, True where the picture is made anew."""


class Change(Edit):
    """What becomes of a region of the picture.

    Args:
        action: put something else there, add a thing to what is said of the clip, or take one away.
        box: left, top, width, height in pixels; or hand in a mask.
        what: the thing to add or take away, in words; `prompt` says the whole scene instead.
        start, stop: seconds; the whole clip by default.
    """

    action: Literal["replace", "insert", "remove"] = "replace"
    box: tuple[int, int, int, int] | None = None
    what: str = ""
    start: float = Field(default=0.0, ge=0)
    stop: float | None = Field(default=None, gt=0)


def change(
    model: FilmModel,
    given: Film | Clip | Source,
    edit: Change,
    *,
    mask: Mask | None = None,
    of: tuple[int, int] | None = None,
    on_progress: OnProgress = silent,
) -> Film:
    """The clip with a region dreamt anew; outside it every pixel is as it was.

    Args:
        model: any film model that takes a level per region.
        given: the clip.
        edit: what to do.
        mask: where, instead of `edit.box`.
        of: `(height, width)` of the picture that the box or mask was measured on, if the clip was scaled
            from it; that of `given` by default.
        on_progress: told after every step and chunk.

    Raises:
        UsageError: no region or two, an empty one, or one of another size; no words for what shall be there.
        UnsupportedError: the model cannot.
    """
    need(model, regions=True)
    known = source(model, given)
    drawn = given if isinstance(given, Clip) else given.clip
    where = _fitted(_region(edit.box, mask, of=of or (drawn.height, drawn.width)), known.clip)
    first, last = window(known, edit.start, edit.stop, model.stride.time)
    prompts = (*known.prompts, _says(edit, known.prompts[int(known.text[first])]))
    request = edit.request(model, prompts)
    held = known.canvas()
    gap = held[first:last]
    gap = Region(_latent_mask(where, model.stride.space)).apply(gap.with_(level=gap.level + 1))
    new = fill(
        model, request, gap.with_(text=gap.text * 0 + len(known.prompts)),
        before=held[:first] if first else None, after=held[last:] if last < len(held) else None,
        outside=outside_time(known), on_progress=on_progress,
    )  # fmt: skip
    frames, note = replaced(model, known, new, first, on_progress)
    mixed = composite(known.clip.frames, frames, where)
    return film(
        model, request, mixed, join([held[:first], new, held[last:]]), given=known, notes=(note,)
    )


def mask_of(picture: Clip) -> Mask:
    """`[h w]`: True where the picture is light."""
    light: Mask = picture.frames[0].mean(-1) > 127
    return light


def _region(
    box: tuple[int, int, int, int] | None, mask: Mask | None, *, of: tuple[int, int]
) -> Mask:
    """The region as it was drawn, on a picture of `(height, width)`."""
    height, width = of
    one = "Name it with --box or with --mask"
    check(box is None or mask is None, "the region is named twice", remedy=one)
    if mask is None:
        check(box is not None, "there is no region", remedy=one)
        assert box is not None
        left, top, wide, high = box
        mask = np.zeros((height, width), bool)
        mask[max(0, top) : max(0, top + high), max(0, left) : max(0, left + wide)] = True
    check(
        mask.shape == (height, width),
        f"the mask is {mask.shape[1]}x{mask.shape[0]}, the clip {width}x{height}",
        remedy="Draw the mask at the size of the clip",
    )
    check(bool(mask.any()), "the region is empty", remedy=f"The clip is {width}x{height} pixels")
    return mask


def _fitted(mask: Mask, clip: Clip) -> Mask:
    """Every pixel of the clip that the region touches, once it is scaled and cut as the frames were."""
    drawn = mask.astype(np.uint8) * 255
    box = Image.Resampling.BOX
    fitted: Mask = cover(drawn, height=clip.height, width=clip.width, how=box) > 0
    check(bool(fitted.any()), "the region lies where the clip is cut off")
    return fitted


def _says(edit: Change, old: str) -> str:
    """The words for the scene as it shall be, of which `old` told before."""
    if edit.prompt is not None:
        return edit.prompt
    check(
        bool(edit.what) and edit.action != "replace",
        f"nothing says what shall be {'there' if edit.action != 'remove' else 'gone'}",
        remedy="Say the whole scene in --prompt, or the thing in --what",
    )
    return with_thing(old, edit.what) if edit.action == "insert" else without(old, edit.what)


def _latent_mask(where: Mask, space: int) -> Tensor:
    """`[h' w']`: 1 at every latent position that the region touches."""
    picture = torch.from_numpy(where.astype(np.float32))[None, None]
    return F.max_pool2d(picture, space)[0, 0]


def composite(old: Frames, new: Frames, where: Mask) -> Frames:
    """`new` inside the region, `old` outside it to the last bit, a soft edge within."""
    weight = _feathered(where)[None, ..., None]
    mixed = np.rint(old + weight * (new.astype(np.float32) - old)).astype(np.uint8)
    return np.where(where[None, ..., None], mixed, old)


def _feathered(where: Mask) -> NDArray[np.float32]:
    """`[h w]`: 0 outside, rising to 1 over `FEATHER` pixels inside; the clip's own border is no edge."""
    inside = torch.from_numpy(where.astype(np.float32))[None, None]
    padded = F.pad(inside, (FEATHER,) * 4, mode="replicate")
    mean = F.avg_pool2d(padded, 2 * FEATHER + 1, stride=1)[0, 0]
    weight: NDArray[np.float32] = ((2 * mean - 1).clamp(0, 1) * inside[0, 0]).numpy()
    return weight
