"""Shards in memory. In: a bucket's folder. Out: tensors to index by example."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinora.data.shards import rows_of, shards


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
    parts = shards(folder)
    rows: list[dict[str, Any]] = []
    collected: dict[str, list[Tensor]] = {name: [] for name in names}
    for part in parts:
        if limit is not None and len(rows) >= limit:
            break
        for name in names:
            collected[name].append(
                torch.from_numpy(np.ascontiguousarray(part.read(name))).to(device)
            )
        rows += list(rows_of([part]))
    count = len(rows) if limit is None else min(limit, len(rows))
    tensors = {name: torch.cat(values)[:count] for name, values in collected.items()}
    return Pool(tensors=tensors, rows=tuple(rows[:count]))
