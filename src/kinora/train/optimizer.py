"""The optimizer and its rate. In: networks, a run's settings. Out: an optimizer and a rate for every step."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from kinora.core.errors import UsageError
from kinora.train.muon import Muon

HIDDEN = "blocks."
"""Part of the names of the matrices between embeddings and heads, which Muon is meant for."""


class OptimizerConfig(BaseModel):
    """AdamW or Muon with it (Loshchilov and Hutter 2017, arXiv:1711.05101) with warm-up, plateau and a linear end.

    Args:
        rate: plateau learning rate.
        warmup: steps of linear warm-up.
        decay: share of the steps at the end over which the rate falls to a tenth.
        betas, weight_decay: AdamW's.
        clip: largest gradient norm.
        muon: step hidden matrices along orthogonal directions, see `train.muon`.
        momentum: of those.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = 4e-4
    warmup: int = 100
    decay: float = 0.2
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip: float = 1.0
    muon: bool = False
    momentum: float = 0.95


def build(
    networks: nn.Module, config: OptimizerConfig, *, scales: Mapping[str, float] | None = None
) -> torch.optim.AdamW:
    """The optimizer of a run.

    Args:
        networks: what learns.
        config: its settings.
        scales: parameter name -> share of the rate that it learns at, see `train.width`.

    Raises:
        UsageError: Muon was asked for scales, which its orthogonal steps do not need.
    """
    if not config.muon:
        return adamw(networks, config, scales=scales or {})
    if scales:
        raise UsageError(
            "Muon takes no base_width",
            why="its steps are of one size at any width",
            remedy="Leave task.base_width out, or run.optimizer.muon",
        )
    return muon(networks, config)


def muon(networks: nn.Module, config: OptimizerConfig) -> Muon:
    """Muon for the matrices of blocks, AdamW as in `adamw` for everything else."""
    named = [(name, p) for name, p in networks.named_parameters() if p.requires_grad]
    hidden = [p for name, p in named if p.ndim == 2 and HIDDEN in name]
    other = [p for name, p in named if not (p.ndim == 2 and HIDDEN in name)]
    decayed = [p for p in other if p.ndim >= 2]
    groups: list[dict[str, Any]] = [
        {"params": hidden, "orthogonal": True, "momentum": config.momentum},
        {"params": decayed},
        {"params": [p for p in other if p.ndim < 2], "weight_decay": 0.0},
    ]
    return Muon(
        groups, lr=config.rate, betas=config.betas, weight_decay=config.weight_decay, fused=True
    )


def adamw(
    networks: nn.Module, config: OptimizerConfig, *, scales: Mapping[str, float]
) -> torch.optim.AdamW:
    """Matrices decay, gains and biases do not; every scale is a group of its own."""
    matrices: dict[float, list[nn.Parameter]] = defaultdict(list)
    plain = []
    for name, p in networks.named_parameters():
        if p.requires_grad and p.ndim >= 2:
            matrices[scales.get(name, 1.0)].append(p)
        elif p.requires_grad:
            plain.append(p)
    groups: list[dict[str, Any]] = [
        # Decay is a share of the rate: a slow matrix must not forget more slowly for it.
        {"params": found, "weight_decay": config.weight_decay / scale, "scale": scale}
        for scale, found in sorted(matrices.items(), reverse=True)
    ]
    groups.append({"params": plain, "weight_decay": 0.0})
    return torch.optim.AdamW(groups, lr=config.rate, betas=config.betas, fused=True)


def rate_at(step: int, steps: int, config: OptimizerConfig) -> float:
    """The learning rate of a step."""
    up = min(1.0, (step + 1) / max(1, config.warmup))
    tail = max(1.0, config.decay * steps)
    down = min(1.0, (steps - step) / tail)
    return config.rate * up * (0.1 + 0.9 * max(0.0, down))
