"""A process that decodes one file from somebody else, and may die of it. In: a file. Out: its pixels.

Run as `python -m kinora.serve.sandbox` with an `Errand` as JSON on standard input; answers one line of
JSON. Time, memory, open files and written bytes are limited before the file is touched.
"""

import json
import math
import os
import resource
import subprocess
import sys
import warnings
from pathlib import Path

from pydantic import Field

from kinora.core.config import Config
from kinora.core.errors import BadMediaError, KinoraError

GRACE_SECONDS = 5.0


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
    """What was decoded: frames of `height` x `width`, `seconds` in all."""

    frames: int = Field(ge=1)
    height: int
    width: int
    seconds: float


def decode(errand: Errand) -> Decoded:
    """Decode a file in a process of its own.

    Raises:
        BadMediaError: it cannot be decoded, or not within the limits.
    """
    refused = BadMediaError("the upload cannot be decoded within the limits")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kinora.serve.sandbox"],
            input=errand.model_dump_json(),
            capture_output=True,
            text=True,
            timeout=errand.time + GRACE_SECONDS,
            check=False,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise refused from error
    if done.returncode != 0:
        raise refused
    told = json.loads(done.stdout.splitlines()[-1])
    if "refused" in told:
        raise BadMediaError("the upload cannot be used", why=told["refused"])
    return Decoded.model_validate(told)


def limit(errand: Errand) -> None:
    """Tie this process down."""
    seconds = math.ceil(errand.time)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (errand.memory, errand.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (errand.memory, errand.memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def work(errand: Errand) -> Decoded:
    """Decode in this very process."""
    import numpy as np

    from kinora.media.image import cover, open_picture, upright
    from kinora.media.probe import Limits, probe
    from kinora.media.read import read

    held = errand.memory // 4
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
        frames = read(errand.file, fps=errand.fps, size=size, limits=limits).clip.frames
    np.save(errand.target, frames)
    count, height, width = frames.shape[:3]
    return Decoded(frames=count, height=height, width=width, seconds=count / errand.fps)


def scaled(height: int, width: int, *, area: int) -> tuple[int, int]:
    """The size itself, or the same shape with at most `area` pixels; both sides even and at least 16."""
    scale = min(1.0, math.sqrt(area / (height * width)))
    even_height, even_width = (max(16, round(side * scale / 2) * 2) for side in (height, width))
    return even_height, even_width


def main() -> None:
    """The process."""
    warnings.simplefilter("ignore")
    errand = Errand.model_validate_json(sys.stdin.read())
    limit(errand)
    try:
        told = work(errand).model_dump_json()
    except KinoraError as error:
        # The path of our own scratch file is nobody's business.
        why = (error.why or error.what).replace(str(errand.file), "the file")
        told = json.dumps({"refused": why})
    except MemoryError:
        told = json.dumps({"refused": "it needs too much memory"})
    print(told)


if __name__ == "__main__":
    main()
