"""A minute of film: how long, how much memory? In: a model. Out: a line for every second, and a verdict.

    python benchmarks/minute.py [MODEL] [--seconds 60] [--size 256x160] [--steps N] [--beside 10]

Beside it, the same weights without a memory: the whole window is denoised anew for every chunk. That is
measured over `--beside` seconds and scaled.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import torch

from kinora.core.clip import Frames
from kinora.core.shape import parse_size
from kinora.denoise.canvas import Canvas, join
from kinora.denoise.loop import denoise
from kinora.denoise.model import FilmModel
from kinora.flow.schedule import levels
from kinora.generate import Request, lay_out, load, settle, stream
from kinora.media.write import ClipWriter
from kinora.models import DEFAULT

WISH = "on grass there is a large matte red ball. the red ball rolls to the left. it is noon. the camera is still."
CHUNK, WINDOW = 3, 16


@dataclass(frozen=True)
class Mark:
    """When a frame was in the file, and how much memory was in use then."""

    frame: int
    seconds: float
    megabytes: float


def resident() -> float:
    """Megabytes of this process now, from /proc; 0 where there is none."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def timed(frames: Iterator[Frames], file: Path, fps: float) -> list[Mark]:
    """Write the frames as they come, and note when."""
    marks, start, count = [Mark(0, 0.0, resident())], perf_counter(), 0
    with ClipWriter(file, fps=fps) as writer:
        for part in frames:
            writer.write(part)
            count += len(part)
            marks.append(Mark(count, perf_counter() - start, resident()))
    return marks


def at(marks: list[Mark], frame: float) -> Mark:
    """The first mark at or after a frame."""
    return next((mark for mark in marks if mark.frame >= frame), marks[-1])


def without_memory(model: FilmModel, request: Request) -> float:
    """Seconds to dream the film when every chunk is denoised together with the whole window before it."""
    settled, shape, _ = settle(model, request)
    canvas, text = lay_out(model, shape), model.read(settled.prompts)
    assert settled.steps and settled.guidance and settled.shift
    done: Canvas | None = None
    start = perf_counter()
    for chunk in canvas.split(CHUNK):
        window = chunk if done is None else join([done[-(WINDOW - CHUNK) :], chunk])
        window = window.with_(level=torch.ones(len(window)))
        made = denoise(
            window, model.velocity(window, text, guidance=settled.guidance),
            noise=window.noise(settled.seed), schedule=levels(settled.steps, amount=settled.shift),
            hold=model.capabilities.hold,
        )[-len(chunk) :]  # fmt: skip
        done = made if done is None else join([done, made])
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="256x160")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--beside", type=float, default=10.0)
    given = parser.parse_args()
    height, width = parse_size(given.size)
    model = load(given.model)
    fps = model.capabilities.fps
    wish = Request((WISH,), seconds=given.seconds, height=height, width=width, steps=given.steps)
    with tempfile.TemporaryDirectory() as folder:
        marks = timed(stream(model, wish), Path(folder) / "minute.mp4", fps)
    print("| second | s since start | ms a frame | MB |\n|---|---|---|---|")
    for second in range(5, int(given.seconds) + 1, 5):
        here, before = at(marks, second * fps), at(marks, (second - 5) * fps)
        each = 1000 * (here.seconds - before.seconds) / max(1, here.frame - before.frame)
        print(f"| {second} | {here.seconds:.1f} | {each:.1f} | {here.megabytes:.0f} |")
    rate = [_pace(marks, second, fps) for second in (5.0, given.seconds)]
    grown = marks[-1].megabytes / max(1.0, at(marks, 10 * fps).megabytes) - 1
    beside = (
        without_memory(model, replace(wish, seconds=given.beside)) * given.seconds / given.beside
    )
    print(f"prompt to MP4: {marks[-1].seconds:.1f} s")
    print(f"time a frame at the end over that at second 5: {rate[1] / rate[0]:.2f}")
    print(f"memory since second 10: {grown:+.1%}")
    print(f"without memory: {beside:.1f} s, {beside / marks[-1].seconds:.1f}x")


def _pace(marks: list[Mark], second: float, fps: float) -> float:
    """Seconds a frame around a second of the film."""
    one, two = at(marks, (second - 4) * fps), at(marks, second * fps)
    return (two.seconds - one.seconds) / max(1, two.frame - one.frame)


if __name__ == "__main__":
    main()
