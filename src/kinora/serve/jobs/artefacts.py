"""What a job leaves behind, by name. In: a store, a video. Out: files to read and files to become artefacts."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from kinora.core.clip import Frames
from kinora.core.errors import NotFoundError
from kinora.media.sidecar import Model, Shot, Sidecar, Size
from kinora.serve.jobs.wish import Wish
from kinora.serve.store import Store

REEL = "reel.safetensors"
"""What a dream leaves, and the next edit goes on from."""

LEDGER = "ledger.json"
"""What a film that was watched keeps of its words."""


def folder(video: str) -> str:
    """Where everything of a video lies."""
    return f"videos/{video}"


def picture(index: int) -> str:
    """Name of the pixels of the picture `index` of a wish."""
    return f"picture-{index}.npy"


def character(index: int) -> str:
    """Name of the pixels of its character `index`."""
    return f"character-{index}.npy"


def source(index: int, kind: Literal["latents", "pixels"]) -> str:
    """Name of the film `index` that an edit goes on from: a reel, or pixels of an uploaded one."""
    return f"source-{index}.{'safetensors' if kind == 'latents' else 'npy'}"


class Artefacts:
    """The artefacts of one video, with local copies of those in use."""

    def __init__(self, store: Store, video: str, *, scratch: Path) -> None:
        self._store, self._video = store, video
        self._scratch = scratch / video
        self._scratch.mkdir(parents=True, exist_ok=True)

    def has(self, name: str) -> bool:
        """Whether it is stored."""
        return self._store.size(self.key(name)) is not None

    def key(self, name: str) -> str:
        """Its key in the store."""
        return f"{folder(self._video)}/{name}"

    def local(self, name: str) -> Path:
        """A copy on this machine, fetched anew; raises `NotFoundError`."""
        file = self._scratch / name
        if not self._store.fetch(self.key(name), file):
            raise NotFoundError(f"{name} of {self._video} is gone")
        return file

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A path to write to; what lies there in the end is stored under `name`."""
        part = self._scratch / f"new-{name}"
        yield part
        self._store.put(self.key(name), part)
        part.unlink()

    def beside(self, name: str) -> Path:
        """A path among the local copies."""
        return self._scratch / name

    def remove(self, name: str) -> None:
        """Forget it."""
        self._store.delete(self.key(name))

    def pixels(self, name: str) -> Frames:
        """Frames `[t h w 3]`."""
        frames: Frames = np.load(self.local(name), allow_pickle=False)
        return frames

    def sha256(self, name: str) -> str:
        """Hex digest of what is stored."""
        with self._store.open(self.key(name)) as stream:
            return hashlib.file_digest(cast(io.BufferedIOBase, stream), "sha256").hexdigest()

    def describe(self, name: str) -> dict[str, Any]:
        """What the row says of it."""
        return {
            "key": self.key(name),
            "bytes": self._store.size(self.key(name)),
            "sha256": self.sha256(name),
        }

    def ledger(self) -> dict[str, Any] | None:
        """What the film keeps of its words; None if nobody looked."""
        if not self.has(LEDGER):
            return None
        told: dict[str, Any] = json.loads(self.local(LEDGER).read_bytes())
        return told

    def recipe(self, wish: Wish, *, model: str, fps: float) -> str:
        """What the file itself says of how it was made, as `kinora info` reads it from any film.

        The same wish makes the same file, so neither the hour nor the video's id is told.

        Args:
            wish: the order.
            model: whose film it is.
            fps: frames a second as delivered.
        """
        starts = [card.start for card in wish.cards]
        lengths = [end - start for start, end in pairwise((*starts, wish.seconds))]
        if len(starts) == 1:
            lengths = [0.0]
        shots = tuple(
            Shot(prompt=card.prompt, expansion=card.expansion, seconds=length)
            for card, length in zip(wish.cards, lengths, strict=True)
        )
        asked = Size(
            width=wish.width, height=wish.height, frames=round(wish.seconds * fps), fps=fps
        )
        sampling = {"steps", "guidance", "negative"}
        options = wish.options | wish.model_dump(exclude_defaults=True, include=sampling)
        if ledger := self.ledger():
            options |= {"verify": wish.tries, "ledger": ledger}
        told = Sidecar(
            verb=wish.kind, shots=shots, seed=wish.seed, asked=asked,
            model=Model(id=model), options=options,
        )  # fmt: skip
        return told.recipe()

    def tidy(self) -> None:
        """Remove the local copies."""
        shutil.rmtree(self._scratch, ignore_errors=True)
