"""Shards in memory. In: a bucket's folder. Out: tensors to index by example."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinora.data.shards import Shard, rows_of, shards


@dataclass(frozen=True, eq=False)
class Pool:
    """All examples of a bucket: tensors with a common first axis, and a row for each."""

    tensors: dict[str, Tensor]
    rows: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def with_more(self, other: "Pool") -> "Pool":
        """These examples and then those."""
        tensors = {name: torch.cat([t, other.tensors[name]]) for name, t in self.tensors.items()}
        return Pool(tensors, (*self.rows, *other.rows))


def load_pool(
    folder: Path, names: Sequence[str], *, limit: int | None = None, device: str = "cpu"
) -> Pool:
    """Read the named tensors of at most `limit` examples.

    Raises:
        NotFoundError: the folder holds no shards.
    """
    parts, found = [], 0
    for part in shards(folder):
        if limit is not None and found >= limit:
            break
        parts.append(part)
        found += len(part)
    pool = of_shards(parts, names, device)
    tensors = {name: values[:limit] for name, values in pool.tensors.items()}
    return Pool(tensors=tensors, rows=pool.rows[:limit])


def of_shards(parts: Sequence[Shard], names: Sequence[str], device: str) -> Pool:
    """All examples of some shards, at least one."""
    tensors = {
        name: torch.cat(
            [torch.from_numpy(np.ascontiguousarray(part.read(name))).to(device) for part in parts]
        )
        for name in names
    }
    return Pool(tensors=tensors, rows=tuple(rows_of(parts)))
