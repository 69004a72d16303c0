"""The stages of a film: dream, draw, sign, deliver. In: a row. Out: artefacts, each there whole or not.

A stage whose artefact is there already has nothing to do, so that running one twice is harmless.
"""

import shutil
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress
from kinora.denoise.model import FilmModel
from kinora.generate import decoded
from kinora.media.image import cover
from kinora.media.probe import probe
from kinora.media.write import ClipWriter
from kinora.serve.jobs import rows
from kinora.serve.jobs.artefacts import REEL, Artefacts, folder
from kinora.serve.jobs.control import Control
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.dreaming import Dreaming
from kinora.serve.jobs.guard import persist
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.pictures import Pictures
from kinora.serve.jobs.previews import Previews
from kinora.serve.jobs.seal import Seal
from kinora.serve.jobs.telling import Teller
from kinora.serve.jobs.wish import SETTLED, Wish
from kinora.serve.reel import Reel, read_reel
from kinora.serve.sizes import frames_shown
from kinora.serve.store import Store
from kinora.timeline.filmmaker import Filmmaker


class Maker:
    """Makes the films of one process, one at a time on its device.

    Args:
        filmmaker: whose model dreams and draws, or its teacher where words are pushed away.
        database, store: where rows and artefacts are.
        scratch: a folder of this process.
        control: may stop the work.
        seal: signs the files.
        checkpoint_seconds: how much dreaming may be lost to a kill.
        preview_seconds: between two pictures of what is being made; 0 is none.
        keep_seconds: how long a finished film is kept; 0 is for ever.
    """

    def __init__(
        self,
        filmmaker: Filmmaker,
        *,
        database: Database,
        store: Store,
        scratch: Path,
        control: Control,
        seal: Seal,
        checkpoint_seconds: float,
        preview_seconds: float,
        keep_seconds: float,
    ) -> None:
        self._filmmaker, self._model = filmmaker, filmmaker.model
        self._database, self._store = database, store
        self._scratch, self._control, self._seal = scratch, control, seal
        self._checkpoint_seconds, self._keep_seconds = checkpoint_seconds, keep_seconds
        self._preview_seconds = preview_seconds
        self._device = threading.Lock()
        # What an earlier process of this name left behind; everything that counts is in the store.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True, exist_ok=True)

    def dream(self, video: str, generation: int) -> None:
        """Words and sources to a reel, with a checkpoint every few seconds."""
        files = self._files(video)
        if files.has(REEL):
            return
        with self._device:
            self._dream(video, generation, files)
        self._kept(video, generation)

    def draw(self, video: str, generation: int) -> None:
        """A reel to frames to a file, chunk by chunk, and its thumbnail and sheet."""
        files = self._files(video)
        if files.has("drawn.mp4") and files.has("thumbnail.webp") and files.has("sheet.jpg"):
            return
        with self._device:
            self._draw(files, self._wish(video), self._teller(video, generation))
        self._kept(video, generation)

    def sign(self, video: str, generation: int) -> None:
        """The drawn file with its provenance."""
        files = self._files(video)
        if files.has("film.mp4"):
            return
        drawn, wish = files.local("drawn.mp4"), self._wish(video)
        parents = self._parents(files, video)
        with files.making("film.mp4") as target:
            self._seal(drawn, target, wish=wish, video=video, parents=parents)

    def deliver(self, video: str, generation: int) -> None:
        """Tell the world, once."""
        files, wish = self._files(video), self._wish(video)
        artefact = files.describe("film.mp4") | {
            "frames_sha256": files.sha256("drawn.mp4"),
            "latents_sha256": files.sha256(REEL),
            "width": wish.width,
            "height": wish.height,
            "seconds": seconds_of(files.local("drawn.mp4")),
            "ledger": files.ledger(),
        }
        persist(
            self._database,
            self._control,
            lambda connection: rows.finish(
                connection, video, generation, artefact=artefact, keep_seconds=self._keep_seconds
            ),
        )
        self.over(video)

    def over(self, video: str) -> None:
        """Remove the local copies of a job that ended here in any way."""
        self._files(video).tidy()

    def _dream(self, video: str, generation: int, files: Artefacts) -> None:
        teller = self._teller(video, generation)
        teller(Progress("text", 0, 1))
        kept, wish = Kept(files, lambda: self._kept(video, generation)), self._wish(video)
        dreaming = Dreaming(
            self._dreamer(wish),
            files,
            kept=kept,
            tell=teller,
            note=lambda notes: self._note(video, generation, notes),
        )
        reel = dreaming.reel(wish, seconds=self._checkpoint_seconds)
        with files.making(REEL) as target:
            reel.write(target)
        kept.clear()

    def _dreamer(self, wish: Wish) -> FilmModel:
        """Who dreams it; any of them draws it, for their latents are the same."""
        return self._filmmaker.pushing(wish.negative, guidance=wish.guidance)

    def _draw(self, files: Artefacts, wish: Wish, on_progress: OnProgress) -> None:
        reel, fps = read_reel(files.local(REEL)), self._model.capabilities.fps
        shown = self._length(wish, reel)
        frames = islice(self._frames(reel, on_progress), shown)
        pictures = Pictures(count=shown)
        rate = wish.fps or fps
        comment = ""
        if wish.metadata:
            comment = files.recipe(wish, model=self._dreamer(wish).name, fps=rate)
        with (
            files.making("drawn.mp4") as target,
            ClipWriter(target, fps=rate, comment=comment, on_progress=on_progress) as writer,
        ):
            for index, frame in enumerate(frames):
                fitted = fit(frame, height=wish.height, width=wish.width)
                fitted = self._seal.mark(fitted, wish=wish)
                pictures.add(fitted)
                writer.write(np.repeat(fitted[None], repeats(index, fps, rate), axis=0))
        with files.making("thumbnail.webp") as target:
            pictures.thumbnail(target)
        with files.making("sheet.jpg") as target:
            pictures.sheet(target)

    def _frames(self, reel: Reel, on_progress: OnProgress) -> Iterator[Frames]:
        """Frames `[h w 3]` one by one, decoded where they are not kept."""
        if reel.frames is not None:
            return iter(reel.frames)
        return single(decoded(self._model, [reel.latents], len(reel.latents), on_progress))

    def _length(self, wish: Wish, reel: Reel) -> int:
        """How many of the frames are delivered."""
        made = self._model.stride.pixel_frames(max(1, len(reel.latents)))
        made = made if reel.frames is None else len(reel.frames)
        if wish.kind not in SETTLED:
            return made
        return min(made, frames_shown(seconds=wish.seconds, fps=self._model.capabilities.fps))

    def _teller(self, video: str, generation: int) -> Teller:
        previews = Previews(self._model, seconds=self._preview_seconds)
        with self._database.read() as connection:
            row = rows.find(connection, video)
        return Teller(
            self._database, self._control, video, generation,
            begun=row.progress / 100 if row else 0.0, previews=previews,
        )  # fmt: skip

    def _files(self, video: str) -> Artefacts:
        return Artefacts(self._store, video, scratch=self._scratch)

    def _parents(self, files: Artefacts, video: str) -> tuple[Path, ...]:
        """The film that this one was made from, if it is still there."""
        with self._database.read() as connection:
            row = rows.find(connection, video)
        if row is None or row.remixed_from is None:
            return ()
        file = files.beside(f"{row.remixed_from}.mp4")
        key = f"{folder(row.remixed_from)}/film.mp4"
        return (file,) if self._store.fetch(key, file) else ()

    def _wish(self, video: str) -> Wish:
        with self._database.read() as connection:
            row = rows.find(connection, video)
        assert row is not None, video
        return Wish.model_validate(row.wish)

    def _kept(self, video: str, generation: int) -> None:
        persist(self._database, self._control, lambda c: rows.kept(c, video, generation))

    def _note(self, video: str, generation: int, notes: list[str]) -> None:
        persist(self._database, self._control, lambda c: rows.note(c, video, generation, notes))


def single(chunks: Iterator[Frames]) -> Iterator[Frames]:
    """Frames `[h w 3]` one by one."""
    for chunk in chunks:
        yield from chunk


def fit(frame: Frames, *, height: int, width: int) -> Frames:
    """The delivered frame: its middle cut out where it was made larger, enlarged where smaller."""
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    if top >= 0 and left >= 0:
        return frame[top : top + height, left : left + width]
    return cover(frame, height=height, width=width)


def repeats(index: int, made: float, wanted: float) -> int:
    """How often the frame `index` of a film made at one rate is shown at another."""
    return round((index + 1) * wanted / made) - round(index * wanted / made)


def seconds_of(file: Path) -> float:
    """How long a film of ours is, by its frames."""
    found = probe(file)
    return found.frames / found.fps
