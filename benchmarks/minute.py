"""A minute of film: how long, how much memory? In: a model. Out: a line for every five seconds, and a verdict.

    python benchmarks/minute.py [MODEL] [--seconds 60] [--size 256x160] [--steps N] [--guidance G]
                                [--window N] [--beside 60]

Beside it, the same weights without a memory: the whole window is denoised anew for every chunk. A `--beside`
shorter than the film is scaled, which flatters it: at first its window is not full yet. Seconds of the clock
are what a user waits for; seconds of the processor, of all cores together, are what remains comparable where
others use the machine too. `--window` takes the place of the model's own memory: so many latent frames, and
one sink.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time

import torch
from torch import Tensor

from kinora.core.clip import Frames
from kinora.core.shape import parse_size
from kinora.denoise.canvas import join
from kinora.denoise.loop import denoise
from kinora.denoise.model import FilmModel
from kinora.denoise.stream import decode_parts
from kinora.flow.schedule import levels
from kinora.generate import Request, lay_out, load, settle, stream
from kinora.media.write import ClipWriter
from kinora.models.bundle import Bundle
from kinora.models.store import DEFAULT
from kinora.transformer.memory import MemoryConfig

WISH = "on grass there is a large matte red ball. the red ball rolls to the left. it is noon. the camera is still."
CHUNK, WINDOW = 3, 16


@dataclass(frozen=True)
class Mark:
    """When a frame was in the file, by the clock and by the processor, and how much memory was in use then."""

    frame: int
    seconds: float
    worked: float
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
    marks, start, begun, count = [Mark(0, 0.0, 0.0, resident())], perf_counter(), process_time(), 0
    with ClipWriter(file, fps=fps) as writer:
        for part in frames:
            writer.write(part)
            count += len(part)
            marks.append(Mark(count, perf_counter() - start, process_time() - begun, resident()))
    return marks


def at(marks: list[Mark], frame: float) -> Mark:
    """The first mark at or after a frame."""
    return next((mark for mark in marks if mark.frame >= frame), marks[-1])


def without_memory(model: FilmModel, request: Request) -> Iterator[Frames]:
    """The film when every chunk is denoised together with the whole window before it."""
    settled, shape, _ = settle(model, request)
    canvas, text = lay_out(model, shape), model.read(settled.prompts)
    assert settled.steps and settled.guidance and settled.shift
    schedule, guidance = levels(settled.steps, amount=settled.shift), settled.guidance

    def parts() -> Iterator[Tensor]:
        done = canvas[:0]
        for chunk in canvas.split(CHUNK):
            window = join([done[-(WINDOW - CHUNK) :], chunk])
            window = window.with_(level=torch.ones(len(window)))
            made = denoise(
                window, model.velocity(window, text, guidance=guidance),
                noise=window.noise(settled.seed), schedule=schedule, hold=model.capabilities.hold,
            )[-len(chunk) :]  # fmt: skip
            done = join([done, made])
            yield made.latents

    return decode_parts(model, parts())


def remembering(model: FilmModel, window: int | None) -> FilmModel:
    """The model as one that streams, with its own memory or with `window` latent frames of it."""
    assert isinstance(model, Bundle), "only our own models have a memory"
    changes: dict[str, object] = {"causal": True}
    if window is not None:
        chunk = model.index.memory.chunk
        changes["memory"] = MemoryConfig(chunk=chunk, window=window, middle=0, far=0)
    return replace(model, index=model.index.model_copy(update=changes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="256x160")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--window", type=int)
    parser.add_argument(
        "--beside", type=float, help="seconds of the way without; as many by default"
    )
    given = parser.parse_args()
    beside = given.beside or given.seconds
    height, width = parse_size(given.size)
    model = remembering(load(given.model), given.window)
    if not load(given.model).capabilities.causal:
        print(
            f"{model.name} was not trained to stream: its pictures mean nothing, its speed does\n"
        )
    fps = model.capabilities.fps
    wish = Request(
        (WISH,), seconds=given.seconds, height=height, width=width, steps=given.steps,
        guidance=given.guidance,
    )  # fmt: skip
    short = replace(wish, seconds=beside)
    with tempfile.TemporaryDirectory() as folder:
        marks = timed(stream(model, wish), Path(folder) / "minute.mp4", fps)
        plain = timed(without_memory(model, short), Path(folder) / "plain.mp4", fps)
    print("| second | clock s | processor s | processor ms a frame | MB |\n|---|---|---|---|---|")
    for second in range(5, int(given.seconds) + 1, 5):
        here, before = at(marks, second * fps), at(marks, (second - 5) * fps)
        each = 1000 * (here.worked - before.worked) / max(1, here.frame - before.frame)
        told = f"| {second} | {here.seconds:.1f} | {here.worked:.1f} | {each:.1f} | "
        print(f"{told}{here.megabytes:.0f} |")
    verdict(marks, plain, seconds=given.seconds, beside=beside, fps=fps)


def verdict(
    marks: list[Mark], plain: list[Mark], *, seconds: float, beside: float, fps: float
) -> None:
    """Print what a minute is to be judged by."""
    last, other, scale = marks[-1], plain[-1], seconds / beside
    rate = [_pace(marks, second, fps) for second in (5.0, seconds)]
    grown = last.megabytes / max(1.0, at(marks, 10 * fps).megabytes) - 1
    print(f"prompt to MP4: {last.seconds:.1f} s, of the processor {last.worked:.1f} s")
    print(f"time a frame at the end over that at second 5: {rate[1] / rate[0]:.2f}")
    print(f"memory since second 10: {grown:+.1%}")
    print(
        f"without memory: {other.seconds * scale:.1f} s, of the processor {other.worked * scale:.1f} s, "
        f"{other.worked * scale / last.worked:.1f}x"
    )


def _pace(marks: list[Mark], second: float, fps: float) -> float:
    """Seconds of the processor for a frame, around a second of the film."""
    one, two = at(marks, (second - 4) * fps), at(marks, second * fps)
    return (two.worked - one.worked) / max(1, two.frame - one.frame)


if __name__ == "__main__":
    main()
