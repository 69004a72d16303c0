"""Where a run stands. In: networks, average, optimizer, step. Out: one folder, whole or not there.

Only safetensors and JSON: nothing in a checkpoint can run code.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.core.errors import NotFoundError
from kinora.train.ema import Ema

NAME = "checkpoint"


def save_checkpoint(
    folder: Path, *, step: int, seconds: float, ema: Ema, learner: torch.nn.ModuleDict,
    optimizer: torch.optim.Optimizer,
) -> Path:  # fmt: skip
    """Write everything needed to go on exactly."""
    fresh = folder / f"{NAME}.part"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    moments = {
        f"{index}.{name}": value
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }
    for name, tensors in (
        ("learner", learner.state_dict()),
        ("average", ema.networks.state_dict()),
        ("optimizer", moments),
    ):
        save_file(
            {k: v.contiguous().cpu() for k, v in tensors.items()}, fresh / f"{name}.safetensors"
        )
    (fresh / "state.json").write_text(json.dumps({"step": step, "seconds": seconds}))
    target, old = folder / NAME, folder / f"{NAME}.old"
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def load_checkpoint(
    folder: Path, *, ema: Ema, learner: torch.nn.ModuleDict, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Read a checkpoint back in place; returns `step` and `seconds`.

    Raises:
        NotFoundError: there is none, or it belongs to another network.
    """
    source = folder / NAME
    if not source.exists() and (folder / f"{NAME}.old").exists():
        source = folder / f"{NAME}.old"  # the process died between two renames
    try:
        learner.load_state_dict(load_file(source / "learner.safetensors"))
        ema.networks.load_state_dict(load_file(source / "average.safetensors"))
        moments = load_file(source / "optimizer.safetensors")
        state: dict[str, Any] = json.loads((source / "state.json").read_text())
    except (OSError, RuntimeError) as error:
        raise NotFoundError(
            f"cannot resume from {source}",
            why=str(error).splitlines()[0],
            remedy="Start anew without --resume, in another folder",
        ) from error
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    by_index: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        by_index.setdefault(int(index), {})[name] = _laid_out(value, like=weights[int(index)])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": by_index, "param_groups": groups})
    return state


def _laid_out(moment: Tensor, *, like: Tensor) -> Tensor:
    """The moment with its weight's strides: the fused optimizer walks both as they lie in memory."""
    if moment.shape != like.shape:
        return moment
    return torch.empty_like(like, dtype=moment.dtype).copy_(moment)
