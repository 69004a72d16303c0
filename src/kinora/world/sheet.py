"""Many clips on one picture. In: clips. Out: a contact sheet, a row a clip, its sentence below."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kinora.world.clip import WorldClip

_LINE = 14
_PAPER, _INK = (250, 250, 248), (40, 40, 44)


def contact_sheet(clips: Sequence[WorldClip], *, columns: int = 8) -> Image.Image:
    """Up to `columns` evenly spaced frames of every clip; stills fill the rows side by side."""
    stills = all(len(clip.frames) == 1 for clip in clips)
    rows = [clips[i : i + columns] for i in range(0, len(clips), columns)] if stills else []
    strips = [_stills(row) for row in rows] or [_strip(clip, columns=columns) for clip in clips]
    width = max(strip.width for strip in strips)
    sheet = Image.new("RGB", (width, sum(strip.height for strip in strips)), _PAPER)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    return sheet


def _strip(clip: WorldClip, *, columns: int) -> Image.Image:
    """The clip's course in one row, with its sentence."""
    last = len(clip.frames) - 1
    count = min(columns, len(clip.frames))
    picks = [round(i * last / max(1, count - 1)) for i in range(count)]
    return _written(np.concatenate([clip.frames[i] for i in picks], axis=1), [clip])


def _stills(clips: Sequence[WorldClip]) -> Image.Image:
    return _written(np.concatenate([clip.frames[0] for clip in clips], axis=1), clips)


def _written(pixels: np.ndarray, clips: Sequence[WorldClip]) -> Image.Image:
    """The pixels with the sentences below, each under its own clip."""
    height, width = pixels.shape[:2]
    strip = Image.new("RGB", (width, height + _LINE), _PAPER)
    strip.paste(Image.fromarray(pixels), (0, 0))
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(10)
    share = width // len(clips)
    for index, clip in enumerate(clips):
        text = clip.captions.sentence
        while text and draw.textlength(text, font=font) > share - 6:
            text = text[:-1]
        draw.text((index * share + 3, height + 1), text, fill=_INK, font=font)
    return strip
