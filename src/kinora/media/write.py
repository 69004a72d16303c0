"""Frames into a file, chunk by chunk. In: a name that chooses the format, frames. Out: the file.

A minute of MP4 costs the memory of a second. Whatever happens, the name wanted holds the whole film
or what it held before.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

import av.error

from kinora.core.clip import Clip, Frames
from kinora.core.errors import KinoraError, UsageError
from kinora.core.progress import OnProgress, Progress, silent
from kinora.media import image
from kinora.media.atomic import telling, unfinished
from kinora.media.image import Frame
from kinora.media.sequence import numbered, sequence_of
from kinora.media.target import ANIMATION, STILL, VIDEO, check_target
from kinora.media.video import QUALITY, VideoFile


class ClipWriter:
    """Writes a clip as its frames arrive.

    ```
    with ClipWriter(Path("film.mp4"), fps=12) as writer:
        for frames in chunks:
            writer.write(frames)
    ```

    Args:
        path: `.mp4 .m4v .mov` (H.264), `.gif .webp` (animated), `.png .jpg .webp` (one frame), or
            pictures with a number (`frame-%04d.png`), or an existing folder for them.
        fps: frames a second.
        comment: ASCII text kept inside the file: the recipe.
        total: frames expected, for progress; 0 if unknown.
        quality: of H.264, see `media.video`.
        on_progress: told after every frame; may raise to stop.

    Raises:
        UsageError: the format does not exist or cannot hold this size, rate or length.
        NotFoundError, OutOfMemoryError, KinoraError: the disk refuses (see `unfinished`).
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: float,
        comment: str = "",
        total: int = 0,
        quality: int = QUALITY,
        on_progress: OnProgress = silent,
    ) -> None:
        check_target(path, fps=fps)
        self._path, self._fps, self._comment = path, fps, comment
        self._total, self._on_progress = total, on_progress
        self._count, self._quality = 0, quality

    def __enter__(self) -> "ClipWriter":
        sequence = sequence_of(self._path)
        with ExitStack() as stack:
            target = sequence or self._path
            part = stack.enter_context(unfinished(target, folder=sequence is not None))
            with _telling(self._path):
                self._file = self._open(part, sequence=sequence)
            self._stack = stack.pop_all()
        return self

    def write(self, frames: Frames) -> None:
        """Append frames `[t h w 3]`, all of one size."""
        for frame in frames:
            with _telling(self._path):
                self._file.add(frame)
            self._count += 1
            total = max(self._total, self._count)
            self._on_progress(Progress(stage="encode", done=self._count, total=total))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._abandon()
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            if not self._count:
                raise UsageError("a film needs at least one frame")
            with _telling(self._path):
                self._file.finish()

    def _abandon(self) -> None:
        # The first error is the one to tell; the file goes either way.
        try:
            self._file.abandon()
        except (OSError, av.error.FFmpegError):
            return

    def _open(self, part: Path, *, sequence: Path | None) -> "_File":
        suffix = self._path.suffix.lower()
        if sequence is not None:
            return _Sequence(folder=part, name=sequence.name, comment=self._comment)
        if suffix in VIDEO:
            container = VIDEO[suffix]
            return VideoFile(
                part, container=container, fps=self._fps, comment=self._comment,
                quality=self._quality,
            )  # fmt: skip
        if suffix in ANIMATION:
            return _Animation(path=part, suffix=suffix, fps=self._fps, comment=self._comment)
        return _Still(path=part, suffix=suffix, comment=self._comment)


def save(
    clip: Clip,
    path: Path,
    *,
    comment: str = "",
    quality: int = QUALITY,
    on_progress: OnProgress = silent,
) -> None:
    """Write a whole clip; arguments and errors as for `ClipWriter`."""
    total = len(clip)
    check_target(path, fps=clip.fps, height=clip.height, width=clip.width, frames=total)
    writer = ClipWriter(
        path, fps=clip.fps, comment=comment, total=total, quality=quality, on_progress=on_progress
    )
    with writer:
        writer.write(clip.frames)


class _File(Protocol):
    def add(self, frame: Frame) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...


@dataclass(kw_only=True)
class _Sequence:
    """Numbered pictures in an unfinished folder."""

    folder: Path
    name: str
    comment: str
    count: int = 0

    def add(self, frame: Frame) -> None:
        self.count += 1
        path = numbered(self.folder / self.name, self.count)
        kind = STILL[path.suffix.lower()]
        image.save_still(path, frame, kind=kind, comment=self.comment)

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


@dataclass(kw_only=True)
class _Still:
    """One picture; a second frame is an error."""

    path: Path
    suffix: str
    comment: str
    count: int = 0

    def add(self, frame: Frame) -> None:
        self.count += 1
        if self.count > 1:
            remedy = "Write an .mp4, or number the frames as in frame-%04d.png"
            raise UsageError(f"a {self.suffix} file holds one frame", remedy=remedy)
        image.save_still(self.path, frame, kind=STILL[self.suffix], comment=self.comment)

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


@dataclass(kw_only=True)
class _Animation:
    """A GIF or WebP, whose frames are held until the end; a WebP of one frame is a still."""

    path: Path
    suffix: str
    fps: float
    comment: str
    frames: list[Frame] = field(default_factory=list)

    def add(self, frame: Frame) -> None:
        height, width = frame.shape[:2]
        image.check_held(count=len(self.frames) + 1, height=height, width=width)
        self.frames.append(frame.copy())

    def finish(self) -> None:
        if len(self.frames) == 1 and self.suffix in STILL:
            kind = STILL[self.suffix]
            image.save_still(self.path, self.frames[0], kind=kind, comment=self.comment)
            return
        kind = ANIMATION[self.suffix]
        image.save_animation(self.path, self.frames, kind=kind, fps=self.fps, comment=self.comment)

    def abandon(self) -> None:
        self.frames.clear()


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        with telling(path):
            yield
    except av.error.FFmpegError as error:
        raise KinoraError(f"cannot encode {path}", why=str(error)) from error
