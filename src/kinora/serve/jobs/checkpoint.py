"""How far a dream has come. In: solver steps and finished chunks. Out: the same, for a successor."""

import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.core.progress import Progress
from kinora.denoise.loop import Begun
from kinora.serve.jobs.artefacts import Artefacts

UNFINISHED = "dream.safetensors"


class Checkpoint:
    """Keeps every clean canvas, and the one at work every few seconds.

    An edit may dream several times, always in the same order; its canvases are numbered throughout.

    Args:
        files: where it is kept.
        seconds: between two checkpoints of a canvas.
    """

    def __init__(self, files: Artefacts, *, seconds: float) -> None:
        self._files, self._seconds = files, seconds
        self._last = time.monotonic()
        self._first = self._chunks = self._clean = 0

    def found(self, chunks: int) -> tuple[list[Tensor], Begun | None]:
        """What an earlier attempt left of the next `chunks` canvases, as `Keeper` has it."""
        self._first += self._chunks
        self._chunks = chunks
        finished: list[Tensor] = []
        while len(finished) < chunks and self._files.has(_name(self._first + len(finished))):
            name = _name(self._first + len(finished))
            finished.append(load(self._files.local(name))["latents"])
        self._clean = self._first + len(finished)
        if len(finished) == chunks or not self._files.has(UNFINISHED):
            return finished, None
        kept = load(self._files.local(UNFINISHED))
        if int(kept["chunk"]) != self._clean:
            return finished, None
        return finished, Begun(x=kept["x"], steps=int(kept["steps"]))

    def step(self, report: Progress) -> bool:
        """Take note of a solver step; True if it was kept."""
        if not self._chunks:
            return False
        steps = report.done % (report.total // self._chunks)
        # After its last step a canvas is kept as clean.
        if steps == 0 or time.monotonic() - self._last < self._seconds:
            return False
        numbers = {"steps": torch.tensor(steps), "chunk": torch.tensor(self._clean)}
        save(self._files, UNFINISHED, x=report.preview, **numbers)
        self._last = time.monotonic()
        return True

    def chunk(self, latents: Tensor) -> None:
        """Keep a clean canvas `[f c h w]`."""
        save(self._files, _name(self._clean), latents=latents)
        self._clean += 1

    def remove(self) -> None:
        """Forget it all, once the whole is kept elsewhere."""
        for number in range(self._first + self._chunks):
            self._files.remove(_name(number))
        if self._files.has(UNFINISHED):
            self._files.remove(UNFINISHED)


def save(files: Artefacts, name: str, **tensors: Tensor) -> None:
    """Keep tensors as they are, bit by bit."""
    with files.making(name) as target:
        save_file({key: value.contiguous().cpu() for key, value in tensors.items()}, target)


def load(file: Path) -> dict[str, Tensor]:
    """Tensors by name."""
    # A copy of each: a file's tensors lie where the file has them, and on another alignment a matrix
    # product may round otherwise, which would make another film than the undisturbed run.
    return {name: tensor.clone() for name, tensor in load_file(file).items()}


def _name(chunk: int) -> str:
    return f"chunk-{chunk}.safetensors"
