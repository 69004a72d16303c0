"""What a name asks for. In: a path. Out: the format it stands for, or why it cannot be written."""

from pathlib import Path

from kinora.core.errors import UsageError
from kinora.media.atomic import check_folder
from kinora.media.image import check_held
from kinora.media.sequence import NUMBER, sequence_of
from kinora.media.video import check_even

VIDEO = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov"}
STILL = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
ANIMATION = {".gif": "GIF", ".webp": "WEBP"}
GIF_RATE = 50
"""Viewers slow a GIF down whose frames last less than two hundredths of a second."""


def check_target(
    path: Path,
    *,
    fps: float,
    height: int | None = None,
    width: int | None = None,
    frames: int = 1,
) -> None:
    """Say before the work what would stop `ClipWriter` after it.

    Raises:
        UsageError: `path` names no format, or one that cannot hold this size, rate or length.
        NotFoundError: its folder does not exist.
    """
    suffix = path.suffix.lower()
    sequence = sequence_of(path)
    if sequence is not None:
        _check_sequence(sequence)
        check_folder(sequence)
        return
    _check_suffix(path, frames=frames)
    check_folder(path)
    if suffix == ".gif" and fps > GIF_RATE:
        raise UsageError(f"a GIF cannot show {fps:g} frames a second", remedy="Write an .mp4")
    if height is None or width is None:
        return
    if suffix in VIDEO:
        check_even(height=height, width=width)
    elif suffix in ANIMATION:
        check_held(count=frames, height=height, width=width)


def _check_suffix(path: Path, *, frames: int) -> None:
    suffix = path.suffix.lower()
    if suffix not in VIDEO | STILL | ANIMATION:
        known = " ".join(sorted({*VIDEO, *STILL, *ANIMATION}))
        remedy = f"Use one of {known}, a number as in frame-%04d.png, or an existing folder"
        raise UsageError(f"'{path.name}' names no format that can be written", remedy=remedy)
    if frames > 1 and suffix not in VIDEO | ANIMATION:
        remedy = f"Write {path.stem}.mp4 or {path.stem}-%04d{suffix}"
        raise UsageError(f"a {suffix} file holds one frame, not {frames}", remedy=remedy)


def _check_sequence(sequence: Path) -> None:
    if sequence.suffix.lower() not in STILL:
        raise UsageError(f"'{sequence.name}' names no picture format", remedy="Try frame-%04d.png")
    pattern = NUMBER.sub("*", sequence.name)
    # A shorter film over a longer one would leave a mixture of both.
    if sequence.parent.is_dir() and any(sequence.parent.glob(pattern)):
        remedy = "Remove them or choose another --out"
        raise UsageError(f"{sequence.parent} already holds {pattern}", remedy=remedy)
