"""A contact sheet: many clips on one page. In: clips and their captions. Out: one picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.media.atomic import telling, unfinished
from kinora.media.image import Frame, cover, save_still

GAP = 6
PAPER = (250, 250, 248)
INK = (40, 40, 40)
TEXT_SIZE = 13
LINE = 17
MOST_LINES = 4


def sheet(
    clips: Sequence[Clip],
    captions: Sequence[str] = (),
    *,
    frames: int = 4,
    columns: int = 1,
    width: int = 192,
) -> Frame:
    """Lay clips out as strips of evenly spaced frames, each with its caption below.

    Args:
        clips: at least one.
        captions: one for each clip, or none at all.
        frames: frames shown of each clip, the first and the last among them.
        columns: strips side by side.
        width: pixels of one frame on the sheet; the height follows the first clip's aspect.

    Returns:
        The sheet, `[h w 3]` sRGB.

    Raises:
        UsageError: no clips, or not one caption for each.
    """
    if not clips:
        raise UsageError("a contact sheet needs at least one clip")
    if captions and len(captions) != len(clips):
        raise UsageError(f"{len(clips)} clips have {len(captions)} captions")
    height = max(1, round(width * clips[0].height / clips[0].width))
    strip = frames * width + (frames - 1) * GAP
    texts = [_wrap(caption, width=strip) for caption in captions] or [[] for _ in clips]
    cell = height + GAP + LINE * max(len(lines) for lines in texts)
    rows = -(-len(clips) // columns)
    size = (columns * (strip + 2 * GAP) + 2 * GAP, rows * (cell + GAP) + 2 * GAP)
    page = Image.new("RGB", size, PAPER)
    for index, (clip, lines) in enumerate(zip(clips, texts, strict=True)):
        row, column = divmod(index, columns)
        left, top = 2 * GAP + column * (strip + 2 * GAP), 2 * GAP + row * (cell + GAP)
        for place, frame in enumerate(_chosen(clip, frames)):
            small = Image.fromarray(cover(frame, height=height, width=width))
            page.paste(small, (left + place * (width + GAP), top))
        _write(page, lines, left=left, top=top + height + GAP // 2)
    return np.array(page)


def save_sheet(
    path: Path,
    clips: Sequence[Clip],
    captions: Sequence[str] = (),
    *,
    frames: int = 4,
    columns: int = 1,
    width: int = 192,
) -> None:
    """Write a contact sheet as a PNG; arguments as for `sheet`, errors as for `unfinished`."""
    page = sheet(clips, captions, frames=frames, columns=columns, width=width)
    with unfinished(path) as part, telling(path):
        save_still(part, page, kind="PNG")


def _chosen(clip: Clip, frames: int) -> Frame:
    chosen = np.linspace(0, len(clip) - 1, frames).round().astype(int)
    return clip.frames.take(chosen, axis=0)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=TEXT_SIZE)


def _wrap(caption: str, *, width: int) -> list[str]:
    """The caption in lines that fit into `width` pixels; what is too long ends in an ellipsis."""
    font = _font()
    lines = [""]
    for word in caption.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1]} …"]
    return lines


def _write(page: Image.Image, lines: list[str], *, left: int, top: int) -> None:
    draw = ImageDraw.Draw(page)
    for index, line in enumerate(lines):
        draw.text((left, top + index * LINE), line, fill=INK, font=_font())
