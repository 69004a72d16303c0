"""Shards on disk. In: examples of one shape. Out: safetensors files with a JSON line per example.

A folder holds `00000.safetensors` (tensors whose first axis counts examples) and `00000.jsonl`
beside it. A shard appears under its name only when it is whole.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from kinora.core.errors import NotFoundError

Arrays = Mapping[str, NDArray[Any]]


def write_shard(
    folder: Path, number: int, arrays: Arrays, rows: Sequence[Mapping[str, Any]]
) -> Path:
    """Write one shard, whole or not at all.

    Args:
        folder: made if missing.
        number: its place in the folder.
        arrays: tensors with the same first axis.
        rows: one JSON-able mapping per example.
    """
    assert {len(array) for array in arrays.values()} == {len(rows)}, "one row per example"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{number:05d}.safetensors"
    lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    target.with_suffix(".jsonl").write_text(lines)
    part = target.with_suffix(".part")
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, part)
    part.rename(target)
    return target


@dataclass(frozen=True)
class Shard:
    """One file of examples."""

    file: Path

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON line of every example."""
        return [
            json.loads(line) for line in self.file.with_suffix(".jsonl").read_text().splitlines()
        ]

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Examples `start` to `stop` of one tensor; only they are read from disk."""
        with safe_open(str(self.file), framework="numpy") as file:
            part: NDArray[Any] = file.get_slice(name)[start : len(self) if stop is None else stop]
            return part


def shards(folder: Path) -> list[Shard]:
    """All whole shards of a folder in order; `NotFoundError` if there are none."""
    found = [Shard(file) for file in sorted(folder.glob("*.safetensors"))]
    if not found:
        raise NotFoundError(
            f"no shards in {folder}",
            remedy="Make them with: kinora world --shards, then kinora train",
        )
    return found


def rows_of(parts: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """The rows of several shards, one after the other."""
    for part in parts:
        yield from part.rows
