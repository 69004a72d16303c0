"""A file into frames. In: a video, animation or image. Out: a clip, and what was converted.

Frames are scaled as they are decoded, so a large video costs the memory of the small clip.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from kinora.core.clip import Clip
from kinora.core.errors import BadMediaError
from kinora.media.image import FORMATS, Frame, cover, decode, open_picture, too_large
from kinora.media.probe import LIMITS, Limits, Probe, displayed_size, open_video, probe
from kinora.media.sequence import files_of
from kinora.media.video import EXACT

HIGH_DEFINITION = 720
"""Untagged video is BT.709 from this height on and BT.601 below, as every player assumes."""

STILL_RATE = 1.0
"""The rate of a clip made from one picture, or from a sequence that does not tell its own."""

Timed = Generator[tuple[float, Frame], None, None]
"""Frames with the seconds at which they appear."""


@dataclass(frozen=True)
class Reading:
    """A clip that was read.

    Args:
        clip: its frames.
        source: what the file claims to be.
        told: what was converted on the way, one sentence each; empty if nothing was.
    """

    clip: Clip
    source: Probe
    told: tuple[str, ...]


def read(
    path: Path,
    *,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    most: int | None = None,
    limits: Limits = LIMITS,
) -> Reading:
    """Decode a file.

    Args:
        path: a video (MP4, MOV, MKV, WebM ...), an animation (GIF, WebP), an image, or a sequence of
            them (`frame-%04d.png`, or a folder of `0001.png` and on).
        fps: the rate wanted; frames are repeated or left out, never blended. The file's by default.
        size: `(height, width)` wanted; frames are scaled to fill it and cut. The file's by default.
        most: frames wanted; what comes behind them is not decoded. All by default.
        limits: how much the file may ask of us.

    Raises:
        NotFoundError: there is no such file.
        BadMediaError: it cannot be decoded to its end, or is beyond `limits`.
    """
    source = probe(path, limits=limits)
    rate = fps or source.fps or STILL_RATE
    height, width = size or (source.height, source.width)
    with closing(_frames(path, limits, fps=source.fps or STILL_RATE)) as timed:
        sized = _scaled(timed, height=height, width=width)
        even = _even_times(sized, fps=rate, until=_states_the_end(source))
        frames = list(islice(_held(even, path=path, limits=limits), most))
    if not frames:
        raise BadMediaError(f"{path} holds no frame that can be decoded")
    return Reading(Clip(np.stack(frames), rate), source, _told(source, rate, height, width))


def _frames(path: Path, limits: Limits, *, fps: float) -> Timed:
    parts = files_of(path)
    if parts == (path,):
        yield from _file_frames(path, limits)
        return
    for number, part in enumerate(parts):
        for _, frame in _file_frames(part, limits):
            yield number / fps, frame


def _file_frames(path: Path, limits: Limits) -> Timed:
    picture = open_picture(path, pixels=limits.pixels)
    if picture is not None:
        with picture:
            yield from decode(picture, path=path)
        return
    with open_video(path, limits=limits) as container:
        yield from _video_frames(container, path, limits)


def _video_frames(container: InputContainer, path: Path, limits: Limits) -> Timed:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    count, start, converter = 0, None, VideoReformatter()
    try:
        for frame in container.decode(stream):
            if frame.width * frame.height > limits.pixels:
                raise too_large(path, width=frame.width, height=frame.height, pixels=limits.pixels)
            time = frame.time if frame.time is not None else count / float(stream.average_rate or 1)
            start = time if start is None else start
            if time - start > limits.seconds:
                raise BadMediaError(f"{path} is longer than {limits.seconds:g} seconds")
            count += 1
            square = displayed_size(stream, rotation=frame.rotation)
            yield time - start, cover(_pixels(frame, converter), height=square[0], width=square[1])
    except av.error.FFmpegError as error:
        raise BadMediaError(f"{path} cannot be decoded", why=str(error)) from error
    # Edit lists hide a frame or two at most; more than that is a file that was cut off.
    if count + 2 < stream.frames:
        why = f"it holds {count} of {stream.frames} frames"
        raise BadMediaError(f"{path} is cut off", why=why, remedy="Copy or download it again")


def _pixels(frame: VideoFrame, converter: VideoReformatter) -> Frame:
    """`[h w 3]` sRGB, upright; one converter serves all frames of a file."""
    if frame.format.is_rgb:
        picture = converter.reformat(frame, format="rgb24")
    else:
        tagged = {int(known): known for known in Colorspace}.get(int(frame.colorspace))
        usual = Colorspace.ITU709 if frame.height >= HIGH_DEFINITION else Colorspace.ITU601
        picture = converter.reformat(
            frame,
            format="rgb24",
            src_colorspace=tagged or usual,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=_range(frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=EXACT,
        )
    pixels = np.asarray(picture.to_ndarray(), dtype=np.uint8)
    return np.rot90(pixels, k=round(frame.rotation / 90)).copy()


def _range(frame: VideoFrame) -> ColorRange:
    full = frame.format.name.startswith("yuvj") or int(frame.color_range) == int(ColorRange.JPEG)
    return ColorRange.JPEG if full else ColorRange.MPEG


def _scaled(timed: Timed, *, height: int, width: int) -> Timed:
    for time, frame in timed:
        yield time, cover(frame, height=height, width=width)


def _even_times(timed: Timed, *, fps: float, until: float) -> Iterator[Frame]:
    """One frame for every `1 / fps` seconds: the newest that has begun by the middle of it."""
    shown, held, last, gap = 0, None, 0.0, 1 / fps
    for time, frame in timed:
        while held is not None and time > (shown + 0.5) / fps:
            yield held
            shown += 1
        gap = time - last if held is not None else gap
        held, last = frame, time
    # Where the end is not stated, the last frame stays as long as the one before it did.
    while held is not None and (shown + 0.5) / fps <= max(last + gap, until):
        yield held
        shown += 1


def _held(frames: Iterator[Frame], *, path: Path, limits: Limits) -> Iterator[Frame]:
    total = 0
    for frame in frames:
        total += frame.nbytes
        if total > limits.held:
            why = f"its frames need more than {limits.held:,} bytes"
            raise BadMediaError(f"{path} is too long", why=why, remedy="Cut it or scale it down")
        yield frame


def _states_the_end(source: Probe) -> float:
    """The end in seconds, if it is that of the pictures; a video's may be that of its sound."""
    return source.seconds if source.format.upper() in FORMATS else 0.0


def _told(source: Probe, rate: float, height: int, width: int) -> tuple[str, ...]:
    told = []
    own = source.fps or STILL_RATE
    if source.kind == "video" and abs(rate - own) > 1e-3:
        told.append(f"{own:g} frames a second became {rate:g}")
    if (source.height, source.width) != (height, width):
        cut = "" if source.height * width == source.width * height else " and cut"
        told.append(f"{source.width}x{source.height} was scaled{cut} to {width}x{height}")
    return tuple(told)
