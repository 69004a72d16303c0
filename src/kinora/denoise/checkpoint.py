"""How far a dream has come. In: solver steps and finished chunks. Out: the same, for a successor."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.core.errors import NotFoundError
from kinora.core.progress import Progress
from kinora.denoise.loop import Begun
from kinora.media.atomic import telling, unfinished

UNFINISHED = "dream.safetensors"


class Shelf(Protocol):
    """Where files are kept by name: a folder, or the store of a server."""

    def has(self, name: str) -> bool:
        """Whether it is there."""
        ...

    def local(self, name: str) -> Path:
        """A file to read, or `NotFoundError`."""
        ...

    def making(self, name: str) -> AbstractContextManager[Path]:
        """A path to write to; what lies there in the end is kept under `name`."""
        ...

    def remove(self, name: str) -> None:
        """Forget it."""
        ...


@dataclass(frozen=True)
class Drawer:
    """A shelf in a folder, which is made when the first file is kept."""

    folder: Path

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return self._at(name).exists()

    def local(self, name: str) -> Path:
        """The file itself."""
        if not self.has(name):
            raise NotFoundError(f"{self._at(name)} is gone")
        return self._at(name)

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A path beside the file, which appears whole or not at all."""
        with telling(self.folder):
            self.folder.mkdir(exist_ok=True)
        with unfinished(self._at(name)) as part:
            yield part

    def remove(self, name: str) -> None:
        """Forget it."""
        self._at(name).unlink(missing_ok=True)

    def _at(self, name: str) -> Path:
        return self.folder / name


@dataclass(frozen=True)
class Marked:
    """A part of a shelf: `mark` begins every name."""

    shelf: Shelf
    mark: str

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return self.shelf.has(self.mark + name)

    def local(self, name: str) -> Path:
        """A file to read, or `NotFoundError`."""
        return self.shelf.local(self.mark + name)

    def making(self, name: str) -> AbstractContextManager[Path]:
        """A path to write to."""
        return self.shelf.making(self.mark + name)

    def remove(self, name: str) -> None:
        """Forget it."""
        self.shelf.remove(self.mark + name)


class Checkpoint:
    """Keeps every finished chunk, and the unfinished one every few seconds.

    Args:
        files: where it is kept.
        steps: solver steps of a chunk.
        seconds: between two checkpoints of a chunk.
    """

    def __init__(self, files: Shelf, *, steps: int, seconds: float) -> None:
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

    def step(self, report: Progress, *, now: bool = False) -> bool:
        """Take note of a solver step; True if it was kept, which `now` makes sure of."""
        chunk, before = divmod(report.done - 1, self._steps)
        steps = before + 1
        # After its last step a chunk is soon kept as finished.
        due = steps < self._steps and time.monotonic() - self._last >= self._seconds
        if not (due or now):
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


def save(files: Shelf, name: str, **tensors: Tensor) -> None:
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
