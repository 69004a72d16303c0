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
    """Keeps every finished chunk, and the unfinished one every few seconds.

    Args:
        files: where it is kept.
        steps: solver steps of a chunk.
        seconds: between two checkpoints of a chunk.
    """

    def __init__(self, files: Artefacts, *, steps: int, seconds: float) -> None:
        self._files, self._steps, self._seconds = files, steps, seconds
        self._last = time.monotonic()
        self.finished: list[Tensor] = []

    def found(self) -> tuple[list[Tensor], Begun | None]:
        """What an earlier attempt left: its chunks `[f c h w]`, and where the next one stood."""
        while self._files.has(_name(len(self.finished))):
            self.finished.append(load(self._files.local(_name(len(self.finished))))["latents"])
        if not self._files.has(UNFINISHED):
            return list(self.finished), None
        kept = load(self._files.local(UNFINISHED))
        if int(kept["chunk"]) != len(self.finished):
            return list(self.finished), None
        return list(self.finished), Begun(x=kept["x"], steps=int(kept["steps"]))

    def step(self, report: Progress) -> bool:
        """Take note of a solver step; True if it was kept."""
        chunk, steps = divmod(report.done, self._steps)
        # After its last step a chunk is kept as finished.
        if steps == 0 or time.monotonic() - self._last < self._seconds:
            return False
        numbers = {"steps": torch.tensor(steps), "chunk": torch.tensor(chunk)}
        save(self._files, UNFINISHED, x=report.preview, **numbers)
        self._last = time.monotonic()
        return True

    def chunk(self, latents: Tensor) -> None:
        """Keep a finished chunk `[f c h w]`."""
        save(self._files, _name(len(self.finished)), latents=latents)
        self.finished.append(latents.cpu())

    def remove(self) -> None:
        """Forget it all, once the whole is kept elsewhere."""
        for number in range(len(self.finished)):
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
