"""One file from somebody else, decoded in this very process. In: an errand. Out: its pixels, or why not.

What calls this expects to die of it: see `kinora.serve.sandbox`. Time, memory, open files and written bytes
are limited before the file is touched.
"""

import json
import math
import resource
import signal
import warnings
from pathlib import Path

from pydantic import Field

from kinora.core.config import Config
from kinora.core.errors import BadMediaError, KinoraError

GRACE_SECONDS = 5.0
"""What an errand may take beyond its processor time: it also waits, for disks and for its turn."""
OPEN_FILES = 64
LEAST = 16
"""Pixels of the shortest side."""


class Errand(Config):
    """What to decode.

    Args:
        file: the upload.
        target: where the pixels `[t h w 3]` go, as `.npy`.
        kind: "picture" for the first frame alone.
        fps: rate of a video's frames.
        area: pixels of a frame; larger ones are scaled down.
        pixels, seconds: the most the file may claim.
        memory, time: bytes and processor seconds for the work.
    """

    file: Path
    target: Path
    kind: str
    fps: float
    area: int
    pixels: int
    seconds: float
    memory: int
    time: float


class Decoded(Config):
    """What was decoded: frames of `height` x `width`, `seconds` in all, and what was fitted for it."""

    frames: int = Field(ge=1)
    height: int
    width: int
    seconds: float
    told: tuple[str, ...] = ()


def run(errand: Errand) -> str:
    """Tie this process down and decode; JSON of a `Decoded`, or of why it was refused."""
    warnings.simplefilter("ignore")
    limit(errand)
    try:
        return work(errand).model_dump_json()
    except KinoraError as error:
        # The path of our own scratch file is nobody's business.
        why = (error.why or error.what).replace(str(errand.file), "the file")
        return json.dumps({"refused": why})
    except MemoryError:
        return json.dumps({"refused": "it needs too much memory"})


def limit(errand: Errand) -> None:
    """Tie this process down."""
    seconds = math.ceil(errand.time)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (errand.memory, errand.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (errand.memory, errand.memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A process that waits spends no processor time; it ends even where nobody is left to end it.
    signal.setitimer(signal.ITIMER_REAL, errand.time + GRACE_SECONDS)


def work(errand: Errand) -> Decoded:
    """Decode without limits."""
    import numpy as np

    from kinora.media.image import cover, open_picture, upright
    from kinora.media.probe import Limits, probe
    from kinora.media.read import read

    held, told = errand.memory // 4, tuple[str, ...]()
    limits = Limits(pixels=errand.pixels, seconds=errand.seconds, held=held)
    picture = open_picture(errand.file, pixels=errand.pixels)
    if errand.kind == "picture":
        if picture is None:
            raise BadMediaError("a picture must be PNG, JPEG, WebP or GIF")
        frame = upright(picture)
        height, width = scaled(frame.shape[0], frame.shape[1], area=errand.area)
        frames = cover(frame, height=height, width=width)[None]
    else:
        found = probe(errand.file, limits=limits)
        if found.seconds > errand.seconds:
            raise BadMediaError(f"{found.seconds:.0f} seconds are more than {errand.seconds:g}")
        size = scaled(found.height, found.width, area=errand.area)
        reading = read(errand.file, fps=errand.fps, size=size, limits=limits)
        frames, told = reading.clip.frames, reading.told
    np.save(errand.target, frames)
    count, height, width = frames.shape[:3]
    seconds = count / errand.fps
    return Decoded(frames=count, height=height, width=width, seconds=seconds, told=told)


def scaled(height: int, width: int, *, area: int) -> tuple[int, int]:
    """The size itself, or the same shape with about `area` pixels; both sides even and at least 16.

    What is so thin that it would still be larger is to be cut: no side is longer than `area` / 16.
    """
    scale, most = min(1.0, math.sqrt(area / (height * width))), max(LEAST, area // LEAST // 2 * 2)
    even_height, even_width = (
        min(most, max(LEAST, round(side * scale / 2) * 2)) for side in (height, width)
    )
    return even_height, even_width
