"""What a job keeps on its way. In: files of an unfinished dream, by name. Out: the same, for a successor."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kinora.serve.jobs.artefacts import Artefacts


class Kept:
    """A shelf among the artefacts of a job, that knows what is on it.

    Args:
        files: of the job.
        told: called after something was kept.
    """

    def __init__(self, files: Artefacts, told: Callable[[], None]) -> None:
        self._files, self._told = files, told
        self._names: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether it is there."""
        there = self._files.has(name)
        if there:
            self._names.add(name)
        return there

    def local(self, name: str) -> Path:
        """A file to read, or `NotFoundError`."""
        return self._files.local(name)

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A path to write to; what lies there in the end is kept under `name`."""
        with self._files.making(name) as target:
            yield target
        self._names.add(name)
        self._told()

    def remove(self, name: str) -> None:
        """Forget it."""
        self._files.remove(name)
        self._names.discard(name)

    def clear(self) -> None:
        """Forget everything that was asked for or kept, once the whole is kept elsewhere."""
        for name in sorted(self._names):
            self.remove(name)
