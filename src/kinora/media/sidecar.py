"""The sidecar: how a film was made. In: its recipe. Out: `clip.mp4.json`, a copy for the container.

The sidecar is the truth; the copy inside the file lacks only what is known after it was written.
"""

import hashlib
import json
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, JsonValue, ValidationError

from kinora.core.config import Config
from kinora.core.errors import BadMediaError, KinoraError, NotFoundError
from kinora.media.atomic import write_bytes
from kinora.media.measure import Measured
from kinora.media.sequence import beside, files_of, sequence_of

SCHEMA: Final = 1
"""Raised when an older reader would misread what a newer writer means."""

NUMBERS = ("hd", "views", "whole")
"""Options that say nothing, and without which an edit would mistake the film's size, camera or latents."""


class Size(Config):
    """A film's size in pixels, with its length and rate."""

    width: int
    height: int
    frames: int
    fps: float


class Shot(Config):
    """A prompt with its duration; `seconds` is 0 where the film has one shot alone."""

    prompt: str
    expansion: str = ""
    seconds: float = 0.0


class Sampling(Config):
    """How the noise was brought to zero."""

    solver: str
    steps: int
    guidance: float


class Model(Config):
    """Which networks; `weights` maps each file to its sha256, `outside` is what was done to them."""

    id: str
    weights: dict[str, str] = Field(default_factory=dict)
    outside: dict[str, JsonValue] = Field(default_factory=dict)


class Parent(Config):
    """A file that this film was made from.

    Args:
        file: its name as it was typed.
        sha256: of its bytes.
        role: a film or picture that was edited, or the mask of a region.
        latents: sha256 of the latents beside it, if the edit went on from them.
    """

    file: str
    sha256: str
    role: Literal["film", "mask"] = "film"
    latents: str = ""


class Output(Config):
    """The file that the sidecar lies beside; of a sequence the bytes of all its pictures in order."""

    file: str
    sha256: str
    bytes: int


class Sidecar(Config):
    """Everything that is needed to make a film again.

    Args:
        schema_version: of this document.
        verb: the command that made the film.
        created: ISO 8601, UTC; empty in a server's film, whose files are the same whenever they are made.
        shots: prompts as typed and as expanded.
        seed: of this very film.
        asked: the size that was asked for.
        made: the size that was made.
        sampling: solver, steps, guidance.
        model: networks and the sha256 of each weights file.
        options: whatever else was typed, by option name.
        parents: files it was made from.
        versions: of Kinora and what it stands on.
        timings: seconds spent, by stage.
        measured: drift and seams of what was made.
        output: the file itself.
    """

    schema_version: Literal[1] = SCHEMA
    verb: str
    created: str = ""
    shots: tuple[Shot, ...] = ()
    seed: int | None = None
    asked: Size | None = None
    made: Size | None = None
    sampling: Sampling | None = None
    model: Model | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)
    parents: tuple[Parent, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    timings: dict[str, float] = Field(default_factory=dict)
    measured: Measured = Field(default_factory=Measured)
    output: Output | None = None

    def recipe(self) -> str:
        """The copy for the container: one line of ASCII JSON without what is known once it is made."""
        known_before = self.model_dump(mode="json", exclude={"timings", "measured", "output"})
        return json.dumps(known_before, separators=(",", ":"))

    def without_words(self) -> "Sidecar":
        """The same without prompts and options, for `--no-metadata`; what edits go by is no word and stays."""
        numbers = {name: self.options[name] for name in NUMBERS if name in self.options}
        return self.model_copy(update={"shots": (), "options": numbers})


def sidecar_path(file: Path) -> Path:
    """`clip.mp4` -> `clip.mp4.json`."""
    return beside(file, ".json")


def write_sidecar(sidecar: Sidecar, file: Path) -> Sidecar:
    """Write the sidecar of a finished `file`, and return it with the file's own hash and size."""
    size = sum(part.stat().st_size for part in files_of(file))
    output = Output(file=(sequence_of(file) or file).name, sha256=sha256(file), bytes=size)
    complete = sidecar.model_copy(update={"output": output})
    write_bytes(sidecar_path(file), (complete.model_dump_json(indent=2) + "\n").encode())
    return complete


def read_sidecar(file: Path) -> Sidecar:
    """The sidecar beside `file`.

    Raises:
        NotFoundError: there is none.
        BadMediaError: it is damaged.
        KinoraError: a newer Kinora wrote it.
    """
    path = sidecar_path(file)
    try:
        text = path.read_bytes()
    except OSError as error:
        why = "the film may have been moved without it"
        raise NotFoundError(f"there is no {path}", why=why) from error
    return parse(text, origin=str(path))


def parse(text: str | bytes, *, origin: str) -> Sidecar:
    """A sidecar or a container's copy of one; `origin` names it in errors (see `read_sidecar`)."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise BadMediaError(f"{origin} is not a sidecar", why=str(error)) from error
    version = values.get("schema_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        why = f"it has schema {version}, this version reads up to {SCHEMA}"
        remedy = "Upgrade Kinora"
        raise KinoraError(f"{origin} was written by a newer Kinora", why=why, remedy=remedy)
    try:
        return Sidecar.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadMediaError(f"{origin} is not a sidecar", why=f"{place}: {first['msg']}") from error


def sha256(file: Path) -> str:
    """The SHA-256 of a file's bytes, or of a sequence's in order, in hexadecimal; raises `NotFoundError`."""
    digest = hashlib.sha256()
    try:
        for part in files_of(file) or (file,):
            with part.open("rb") as stream:
                hashlib.file_digest(stream, lambda: digest)
    except OSError as error:
        raise NotFoundError(f"cannot read {file}", why=error.strerror or str(error)) from error
    return digest.hexdigest()
