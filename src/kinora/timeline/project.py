"""A film's folder. In: `.kinora` beside the film. Out: its document with its history, its cache, its cast."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kinora.core.errors import BadMediaError, NotFoundError
from kinora.media.atomic import write_bytes
from kinora.media.sequence import files_of
from kinora.timeline.cache import Cache
from kinora.timeline.document import Timeline
from kinora.timeline.history import History

NAME = ".kinora"
DOCUMENT = "timeline.json"


@dataclass(frozen=True)
class Project:
    """The folder `.kinora`, which is made when something is first stored in it.

    Its document names files as seen from the folder that it lies in, so that both may be moved; who reads
    it gets names as seen from the working folder.

    Args:
        folder: `.kinora` itself.
    """

    folder: Path

    @property
    def document(self) -> Path:
        """The timeline with its history."""
        return self.folder / DOCUMENT

    @property
    def cache(self) -> Cache:
        """What has been dreamt already."""
        return Cache(self.folder / "latents")

    @property
    def characters(self) -> Path:
        """Where the cast is kept."""
        return self.folder / "characters"

    def history(self) -> History:
        """The document with its past.

        Raises:
            NotFoundError: the project has no timeline yet.
            BadMediaError: the file is damaged.
        """
        try:
            history = History.model_validate_json(self.document.read_bytes())
            return history.each(lambda timeline: timeline.with_files(self._seen))
        except OSError as error:
            raise NotFoundError(
                f"there is no {self.document}", remedy="Make one with: kinora storyboard FILE"
            ) from error
        except ValidationError as error:
            why = f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
            raise BadMediaError(f"{self.document} is damaged", why=why) from error

    def store(self, history: History) -> None:
        """Write the document with its past, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        history = history.each(lambda timeline: timeline.with_files(self._kept))
        write_bytes(self.document, (history.model_dump_json(indent=1) + "\n").encode())

    def change(self, timeline: Timeline) -> History:
        """Make `timeline` the present one; what was there can be brought back by undo."""
        timeline = timeline.with_files(lambda name: self._seen(self._kept(name)))
        history = (
            self.history().do(timeline) if self.document.exists() else History(present=timeline)
        )
        self.store(history)
        return history

    def _kept(self, name: str) -> str:
        """A file's name as the document has it; of one that was named from the root and lies elsewhere, that name."""
        file, home = Path(os.path.abspath(name)), self.folder.parent.resolve()
        if Path(name).is_absolute() and not file.is_relative_to(home):
            return name
        return Path(os.path.relpath(file, home)).as_posix()

    def _seen(self, name: str) -> str:
        """The same file's name from the working folder; documents of before have it already."""
        file = self.folder.parent.resolve() / name
        if Path(name).is_absolute() or (files_of(Path(name)) and not files_of(file)):
            return name
        return os.path.relpath(file)


def project(start: Path | None = None) -> Project:
    """The nearest project at or above `start`, or the one that would be made there."""
    here = (start or Path.cwd()).resolve()
    found = (each / NAME for each in (here, *here.parents))
    return Project(next((path for path in found if path.is_dir()), here / NAME))
