"""Stills and animations. In: frames, or PNG, JPEG, WebP, GIF. Out: the other of the two."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from kinora.core.errors import BadMediaError, UsageError

Frame = NDArray[np.uint8]
"""Pixels `[h w 3]`, sRGB."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
DESCRIPTION = 0x010E
"""EXIF tag ImageDescription, where JPEG and WebP keep the comment."""

EXIF_LIMIT = 60_000
"""A JPEG segment holds 65,533 bytes; a longer comment stays in the sidecar alone."""

HELD_LIMIT = 1 << 30
"""Bytes of pixels held for one GIF or WebP, whose encoders need all frames at once."""


def save_still(path: Path, frame: Frame, *, kind: str, comment: str = "") -> None:
    """Write one picture.

    Args:
        path: where to write; its suffix is not looked at.
        frame: `[h w 3]` sRGB.
        kind: "PNG", "JPEG" or "WEBP".
        comment: ASCII text kept inside the file.
    """
    picture = Image.fromarray(np.ascontiguousarray(frame))
    if kind == "PNG":
        notes = PngInfo()
        if comment:
            notes.add_itxt("comment", comment)
        picture.save(path, kind, pnginfo=notes)
    elif kind == "JPEG":
        picture.save(path, kind, quality=95, subsampling=0, exif=_exif(comment))
    else:
        picture.save(path, kind, quality=95, method=4, exif=_exif(comment))


def save_animation(
    path: Path, frames: list[Frame], *, kind: str, fps: float, comment: str = ""
) -> None:
    """Write an endless animation.

    Args:
        path: where to write; its suffix is not looked at.
        frames: at least one `[h w 3]`.
        kind: "GIF" or "WEBP".
        fps: frames a second; GIF counts in hundredths of a second, but the total stays right.
        comment: ASCII text kept inside the file.
    """
    pictures = [Image.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    unit = 10 if kind == "GIF" else 1
    times = [round(index * 1000 / fps / unit) * unit for index in range(len(frames) + 1)]
    durations = [after - before for before, after in pairwise(times)]
    if kind == "GIF":
        palette = _palette(pictures)
        pictures = [each.quantize(palette=palette) for each in pictures]
        extra: dict[str, object] = {"comment": comment.encode(), "disposal": 1}
    else:
        extra = {"quality": 90, "method": 4, "exif": _exif(comment)}
    first, *rest = pictures
    first.save(path, kind, save_all=True, append_images=rest, duration=durations, loop=0, **extra)


def open_picture(path: Path, *, pixels: int) -> Image.Image | None:
    """The picture in a file, not yet decoded, or `None` if it is of no kind we know.

    Raises:
        BadMediaError: it claims more than `pixels` pixels a frame, or its head is damaged.
    """
    try:
        with decoding(path):
            picture = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadMediaError(f"{path} is too large", why=str(error)) from error
    if picture.width * picture.height > pixels:
        raise too_large(path, width=picture.width, height=picture.height, pixels=pixels)
    return picture


def decode(picture: Image.Image, *, path: Path) -> Iterator[tuple[float, Frame]]:
    """Every frame of a picture with the time in seconds at which it appears.

    Raises:
        BadMediaError: the file is damaged or cut off.
    """
    milliseconds = 0.0
    with decoding(path):
        for each in ImageSequence.Iterator(picture):
            yield milliseconds / 1000, upright(each)
            milliseconds += float(each.info.get("duration", 0))


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn what a decoder says of a damaged file into a `BadMediaError`."""
    try:
        yield
    except UnidentifiedImageError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise BadMediaError(f"{path} cannot be decoded", why=str(error)) from error


def upright(picture: Image.Image) -> Frame:
    """Pixels `[h w 3]` as viewers show them: turned as EXIF says, white where transparent."""
    turned = ImageOps.exif_transpose(picture)
    if turned.has_transparency_data:
        over = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return np.array(turned.convert("RGB"))


def comment_of(picture: Image.Image) -> str:
    """The comment that `save_still` or `save_animation` left in a picture, else an empty text."""
    kept = picture.info.get("comment") or picture.getexif().get(DESCRIPTION, "")
    return kept.decode("utf-8", "replace") if isinstance(kept, bytes) else str(kept)


def cover(
    frame: Frame,
    *,
    height: int,
    width: int,
    how: Image.Resampling = Image.Resampling.LANCZOS,
) -> Frame:
    """The frame, of any channels, scaled to fill `[height width]`; what protrudes is cut evenly at both ends."""
    if frame.shape[:2] == (height, width):
        return frame
    picture = Image.fromarray(np.ascontiguousarray(frame))
    return np.array(ImageOps.fit(picture, (width, height), how))


def check_held(*, count: int, height: int, width: int) -> None:
    """Raise `UsageError` if `count` frames are more than a GIF or WebP encoder may hold."""
    if count * height * width * 3 > HELD_LIMIT:
        raise UsageError(
            f"{count} frames of {width}x{height} are too many for a GIF or WebP",
            why="their encoders hold every frame in memory",
            remedy="Write an .mp4",
        )


def too_large(path: Path, *, width: int, height: int, pixels: int) -> BadMediaError:
    """The error for a picture of more pixels than allowed."""
    return BadMediaError(
        f"{path} is too large",
        why=f"{width}x{height} is more than {pixels:,} pixels",
        remedy="Scale it down first",
    )


def _exif(comment: str) -> Image.Exif:
    exif = Image.Exif()
    if comment and len(comment) < EXIF_LIMIT:
        exif[DESCRIPTION] = comment
    return exif


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """256 colours for the whole animation, so that a still background does not shimmer."""
    chosen = pictures[:: max(1, len(pictures) // 8)]
    width, height = chosen[0].size
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, each in enumerate(chosen):
        strip.paste(each, (0, row * height))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT)
