"""A model folder in the diffusers layout. In: its path. Out: its configs, every weights file accounted for.

Nothing is unpickled, ever: a folder whose weights are not safetensors is refused.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from kinora.core.errors import NotFoundError, UnsupportedError, UsageError

INDEX = "model_index.json"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
PICKLES = {".bin", ".ckpt", ".pt", ".pth", ".pkl"}
SAME = {"CausalWanTransformer3DModel": "WanTransformer3DModel"}
"""Classes of other programs that hold the tensors of one that the library has."""

WITHOUT_WEIGHTS = ("Scheduler", "Tokenizer", "Processor", "Guidance")


@dataclass(frozen=True)
class Folder:
    """A model on disk: `name` as the user typed it, and where it lies."""

    name: str
    path: Path

    @cached_property
    def index(self) -> dict[str, Any]:
        """`model_index.json`."""
        return read_json(self.path / INDEX)

    @property
    def pipeline(self) -> str:
        """The class of the published pipeline, which tells the family."""
        return str(self.index.get("_class_name", ""))

    def kind(self, component: str) -> str | None:
        """The class name of a component, None where the folder has no such component."""
        entry = self.index.get(component)
        name = entry[1] if isinstance(entry, list) and entry[0] is not None else None
        return SAME.get(name, name) if name else None

    def config(self, component: str) -> dict[str, Any]:
        """A component's own configuration."""
        folder = self.path / component
        for name in ("config.json", "scheduler_config.json"):
            if (folder / name).exists():
                return read_json(folder / name)
        raise NotFoundError(
            f"{self.name} has no {component}/config.json", remedy=self.fetch_again()
        )

    def networks(self) -> list[str]:
        """The components that hold weights."""
        named = [part for part in self.index if not part.startswith("_") and self.kind(part)]
        return [p for p in named if not any(w in str(self.kind(p)) for w in WITHOUT_WEIGHTS)]

    def weights(self, component: str) -> list[Path]:
        """The weights files of a component, all present.

        Raises:
            NotFoundError: a file or shard is missing.
            UsageError: the weights are pickled.
        """
        folder = self.path / component
        for index in sorted(folder.glob("*.safetensors.index.json")):
            shards = sorted(set(read_json(index)["weight_map"].values()))
            missing = [shard for shard in shards if not (folder / shard).exists()]
            if missing:
                raise NotFoundError(
                    f"{self.name} lacks {component}/{missing[0]}",
                    why=f"{len(missing)} of {len(shards)} shards are missing",
                    remedy=self.fetch_again(),
                )
            return [folder / shard for shard in shards]
        files = sorted(folder.glob("*.safetensors"))
        if files:
            return files
        pickled = [p.name for p in _files(folder) if p.suffix in PICKLES]
        if pickled:
            raise UsageError(
                f"{self.name} holds pickled weights ({component}/{pickled[0]})",
                why="a pickle can run any program; only safetensors are read",
                remedy="Use a safetensors release of the model",
            )
        raise NotFoundError(
            f"{self.name} has no weights in {component}/", remedy=self.fetch_again()
        )

    def check(self) -> None:
        """Raise unless every network's weights are there."""
        for component in self.networks():
            self.weights(component)

    def fetch_again(self, *, instead_of: Path | None = None) -> str:
        """The remedy for a file that is missing, or for one that is damaged.

        Args:
            instead_of: the damaged one; a pull would take what lies in the cache for whole.
        """
        if not self.fetched:
            return "Copy the folder again from where it came"
        command = f"kinora models pull {self.name}"
        return (
            f"Delete {instead_of.resolve()}, then run: {command}"
            if instead_of
            else f"Run: {command}"
        )

    @property
    def fetched(self) -> bool:
        """Whether it came from the hub; a folder may be called `owner/model` too."""
        return self.path != Path(self.name) and HUB_ID.fullmatch(self.name) is not None


def flaw(file: Path) -> str | None:
    """Why a file is no whole safetensors, None where it is: its header against its length, no tensor is read."""
    try:
        with safe_open(file, framework="pt"):
            return None
    except SafetensorError as error:
        return str(error)


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file; raises `NotFoundError` where it is absent or is none."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotFoundError(
            f"cannot read {file}", why=str(error), remedy="Fetch the model again"
        ) from error
    if not isinstance(value, dict):
        raise NotFoundError(f"{file} is not a JSON object", remedy="Fetch the model again")
    return value


def unknown_class(folder: Folder, known: list[str]) -> UnsupportedError:
    """The error for a model of a class that no family describes."""
    return UnsupportedError(
        f"{folder.name} is a {folder.pipeline or 'model without a class'}, which Kinora cannot run",
        remedy=f"Classes it can run: {', '.join(known)}",
    )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
