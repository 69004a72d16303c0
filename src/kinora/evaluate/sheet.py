"""Films on one page. In: clips and what to write beside them. Out: a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kinora.core.clip import Clip

GOOD, BAD, INK, PAPER = (30, 120, 60), (190, 30, 30), (30, 30, 30), (250, 250, 248)
LINE = 14


@dataclass(frozen=True)
class Caption:
    """A line under a film: a heading, and remarks that are right or wrong."""

    heading: str
    remarks: Sequence[tuple[str, bool]] = ()


def contact_sheet(
    films: Sequence[tuple[Clip, Caption]], *, frames: int = 6, width: int = 160, columns: int = 2
) -> Image.Image:
    """Every film as a strip of `frames` pictures, each `width` pixels wide, with its caption below."""
    strips = [_strip(clip, caption, frames, width) for clip, caption in films]
    wide = max(strip.width for strip in strips)
    tall = max(strip.height for strip in strips)
    rows = -(-len(strips) // columns)
    sheet = Image.new("RGB", (wide * columns, tall * rows), PAPER)
    for index, strip in enumerate(strips):
        row, column = divmod(index, columns)
        sheet.paste(strip, (column * wide, row * tall))
    return sheet


def _strip(clip: Clip, caption: Caption, frames: int, width: int) -> Image.Image:
    height = round(width * clip.height / clip.width)
    shown = sorted({int(t) for t in np.linspace(0, len(clip) - 1, frames)})
    strip = Image.new("RGB", (width * frames + 8, height + 2 * LINE + 8), PAPER)
    for column, t in enumerate(shown):
        picture = Image.fromarray(clip.frames[t]).resize((width, height), Image.Resampling.BOX)
        strip.paste(picture, (column * width, 0))
    pen, font = ImageDraw.Draw(strip), ImageFont.load_default(11)
    pen.text((2, height + 1), caption.heading, fill=INK, font=font)
    x = 2.0
    for remark, good in caption.remarks:
        pen.text((x, height + 1 + LINE), remark, fill=GOOD if good else BAD, font=font)
        x += pen.textlength(remark + "  ", font=font)
    return strip
