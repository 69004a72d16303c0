"""What a file claims to be. In: a path. Out: its format, size, rate, colours and comment."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from kinora.core.errors import BadMediaError, KinoraError, NotFoundError
from kinora.media.image import comment_of, decoding, open_picture, too_large
from kinora.media.sequence import files_of
from kinora.media.sidecar import parse

DEMUXERS = "mov,matroska,avi,mpegts,mpeg,ogg,flv,asf"
"""Formats that hold pictures themselves; playlists, which name other files, are not among them."""

LIMITED, FULL = 1, 2
MATRICES = {1: "BT.709", 5: "BT.601", 6: "BT.601", 9: "BT.2020"}


@dataclass(frozen=True)
class Limits:
    """How much a file that somebody handed in may ask of us.

    Args:
        pixels: of one frame.
        seconds: of the whole file.
        held: bytes of decoded frames kept in memory.
    """

    pixels: int = 8192 * 4320
    seconds: float = 3600.0
    held: int = 4 << 30


LIMITS = Limits()


@dataclass(frozen=True)
class Probe:
    """What a file claims to be.

    Args:
        kind: "video" for anything that moves, else "image".
        format: the container: "mp4", "gif", "png" and so on.
        codec: how the pictures are coded.
        width: pixels, as displayed, after rotation.
        height: pixels, as displayed, after rotation.
        frames: how many, 0 if the file does not say.
        fps: frames a second; 0 for an image, or a sequence that does not tell it.
        seconds: duration; likewise.
        colour: matrix and range, "" if untagged.
        bytes: size of the file.
        comment: text kept inside the file.
    """

    kind: str
    format: str
    codec: str
    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    colour: str
    bytes: int
    comment: str


def probe(path: Path, *, limits: Limits = LIMITS) -> Probe:
    """Look at a video, image or sequence without decoding more than its first frame.

    Raises:
        NotFoundError: there is no such file.
        BadMediaError: it is no video or image, or beyond `limits`.
    """
    check_file(path)
    parts = files_of(path)
    if parts != (path,):
        return _of_sequence(parts, probe(parts[0], limits=limits))
    picture = open_picture(path, pixels=limits.pixels)
    if picture is not None:
        with picture, decoding(path):
            return _of_picture(picture, path)
    with open_video(path, limits=limits) as container:
        return _of_video(container, path)


def check_file(path: Path) -> None:
    """Raise unless `path` is an existing file, or a sequence of them, with something in it."""
    parts = files_of(path)
    if not parts and path.exists():
        raise BadMediaError(
            f"{path} is not a file",
            why="as a film a folder holds 0001.png, 0002.png and on",
            remedy=f"Name other pictures by their pattern, such as {path / 'frame-%04d.png'}",
        )
    if not parts:
        raise NotFoundError(f"there is no file {path}")
    for part in parts:
        if part.stat().st_size == 0:
            raise BadMediaError(f"{part} is empty")


def open_video(path: Path, *, limits: Limits = LIMITS) -> InputContainer:
    """An open video within `limits`; raises `BadMediaError` for anything else."""
    # A hostile file must not make us open others, so neither playlists nor network names are known.
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    try:
        container: InputContainer = av.open(f"file:{path.resolve()}", options=options)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadMediaError(f"{path} is not a video or image", why=why) from error
    try:
        _check(container, path, limits)
    except BadMediaError:
        container.close()
        raise
    return container


def seconds_of(container: InputContainer) -> float:
    """The duration that the container states, in seconds, 0 if it is silent about it."""
    return (container.duration or 0) / av.time_base


def displayed_size(stream: VideoStream, *, rotation: int) -> tuple[int, int]:
    """`(height, width)` in square pixels, after turning by `rotation` degrees."""
    context = stream.codec_context
    shape = float(stream.sample_aspect_ratio or 1) or 1.0
    height, width = context.height, round(context.width * shape)
    return (width, height) if rotation % 180 else (height, width)


def _check(container: InputContainer, path: Path, limits: Limits) -> None:
    if not container.streams.video:
        raise BadMediaError(f"{path} holds no pictures", remedy="Give a video or an image")
    context = container.streams.video[0].codec_context
    height, width = context.height, context.width
    if not (height and width):
        raise BadMediaError(f"{path} does not say how large its pictures are")
    if height * width > limits.pixels:
        raise too_large(path, width=width, height=height, pixels=limits.pixels)
    if seconds_of(container) > limits.seconds:
        long = f"{seconds_of(container):.0f} seconds are more than {limits.seconds:g}"
        raise BadMediaError(f"{path} is too long", why=long, remedy="Cut it first")


def _of_sequence(parts: tuple[Path, ...], first: Probe) -> Probe:
    """Pictures know no rate, but those of ours keep the recipe of the film."""
    made = None
    with suppress(KinoraError):
        made = parse(first.comment, origin="the comment inside").made
    fps = made.fps if made else 0.0
    return replace(
        first,
        kind="video",
        frames=len(parts),
        fps=fps,
        seconds=len(parts) / fps if fps else 0.0,
        bytes=sum(part.stat().st_size for part in parts),
    )


def _of_picture(picture: Image.Image, path: Path) -> Probe:
    kind = (picture.format or "").lower()
    frames = int(getattr(picture, "n_frames", 1))
    seconds = _animation_seconds(picture, frames) if frames > 1 else 0.0
    turned = picture.getexif().get(0x0112, 1) >= 5
    width, height = picture.size[::-1] if turned else picture.size
    return Probe(
        kind="video" if frames > 1 else "image",
        format=kind,
        codec=kind,
        width=width,
        height=height,
        frames=frames,
        fps=frames / seconds if seconds else 0.0,
        seconds=seconds,
        colour="",
        bytes=path.stat().st_size,
        comment=comment_of(picture),
    )


def _animation_seconds(picture: Image.Image, frames: int) -> float:
    total = 0.0
    for index in range(frames):
        picture.seek(index)
        picture.load()
        total += float(picture.info.get("duration", 0))
    picture.seek(0)
    return total / 1000


def _of_video(container: InputContainer, path: Path) -> Probe:
    stream = container.streams.video[0]
    context = stream.codec_context
    comment = container.metadata.get("comment", "")
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    try:
        first = next(container.decode(stream), None)
    except av.error.FFmpegError as error:
        raise BadMediaError(f"{path} cannot be decoded", why=str(error)) from error
    height, width = displayed_size(stream, rotation=first.rotation if first else 0)
    return Probe(
        kind="video",
        format=_format_name(container, path),
        codec=context.name.removeprefix("lib"),
        width=width,
        height=height,
        frames=stream.frames,
        fps=fps,
        seconds=seconds_of(container) or (stream.frames / fps if fps else 0.0),
        colour=_colour(int(context.colorspace), int(context.color_range)),
        bytes=path.stat().st_size,
        comment=comment,
    )


def _format_name(container: InputContainer, path: Path) -> str:
    """FFmpeg names a family ("mov,mp4,m4a"); the suffix picks the member, where it is one."""
    family = container.format.name.split(",")
    suffix = path.suffix.lower().removeprefix(".")
    return suffix if suffix in family else family[0]


def _colour(matrix: int, span: int) -> str:
    name = MATRICES.get(matrix)
    if name is None:
        return ""
    return f"{name} full range" if span == FULL else f"{name} limited range"
