"""One H.264 file, frame by frame. In: sRGB frames. Out: an MP4 or MOV whose colours are right.

The usual defaults convert with BT.601 and tag nothing, so that every colour shifts in the player;
here conversion and tags both say BT.709, limited range (ITU-T H.273 code points 1, 1, 1).
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from kinora.core.errors import UsageError
from kinora.media.chroma import with_colour

BT709 = 1
LIMITED = 1
GOP_SECONDS = 2
QUALITY = 16
"""x264's constant rate factor: no difference to be seen."""

KEEPING = 12
"""The same for frames that were in a file before: 3 dB nearer to it, a third larger."""

EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.FULL_CHR_H_INT
)
"""Without accurate rounding saturated colours come back 2 off instead of 1."""


class VideoFile:
    """An H.264 High file that grows by one frame at a time.

    Args:
        path: where to write.
        container: "mp4" or "mov".
        fps: constant rate, frames a second.
        comment: kept in the container's comment, which survives most copies of the file.
        quality: x264's constant rate factor; less is finer.
    """

    def __init__(
        self, path: Path, *, container: str, fps: float, comment: str = "", quality: int = QUALITY
    ) -> None:
        self._rate = Fraction(fps).limit_denominator(1001)
        flags = {"movflags": "+faststart+use_metadata_tags"}
        self._file: OutputContainer = av.open(str(path), "w", format=container, options=flags)
        if comment:
            self._file.metadata["comment"] = comment
        self._stream: VideoStream | None = None
        self._count, self._quality = 0, quality
        # One for all frames: setting it up costs more than a frame does.
        self._to_420 = VideoReformatter()

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Append one frame `[h w 3]`; the first one decides the size."""
        if self._stream is None:
            self._stream = self._open(height=frame.shape[0], width=frame.shape[1])
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = self._to_420.reformat(
            picture,
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=EXACT,
        )
        picture = with_colour(picture, frame)
        picture.pts = self._count
        picture.time_base = 1 / self._rate
        self._count += 1
        self._file.mux(self._stream.encode(picture))

    def finish(self) -> None:
        """Write what the encoder still holds, and the index to the front of the file."""
        assert self._stream is not None, "a film needs a frame"
        self._file.mux(self._stream.encode())
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file without completing it."""
        self._file.close()

    def _open(self, *, height: int, width: int) -> VideoStream:
        check_even(height=height, width=width)
        options = {"crf": str(self._quality), "preset": "medium", "profile": "high"}
        # x264's macroblock tree weighs blocks a little differently from run to run (one film in
        # twenty on a busy machine); without it the same frames give the same file.
        options["x264-params"] = "open-gop=0:mbtree=0"
        stream: VideoStream = self._file.add_stream("libx264", rate=self._rate, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED
        context.gop_size = max(1, int(GOP_SECONDS * self._rate))
        # The number of threads shapes the bits: a fixed one gives the same file on every machine.
        context.thread_count = 4
        return stream


def check_even(*, height: int, width: int) -> None:
    """Raise `UsageError` unless both sides are even, as 4:2:0 video needs."""
    if height % 2 or width % 2:
        near = f"{width + width % 2}x{height + height % 2}"
        raise UsageError(
            f"a video file cannot hold {width}x{height}",
            why="both sides must be even",
            remedy=f"Take {near}, or write a .gif, .webp or .png",
        )
