"""The optimizer and its rate. In: networks, a run's settings. Out: an optimizer and a rate for every step."""

from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

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


def build(networks: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """The optimizer of a run."""
    return muon(networks, config) if config.muon else adamw(networks, config)


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


def adamw(networks: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """Matrices decay, gains and biases do not."""
    parameters = [p for p in networks.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.rate, betas=config.betas, fused=True)


def rate_at(step: int, steps: int, config: OptimizerConfig) -> float:
    """The learning rate of a step."""
    up = min(1.0, (step + 1) / max(1, config.warmup))
    tail = max(1.0, config.decay * steps)
    down = min(1.0, (steps - step) / tail)
    return config.rate * up * (0.1 + 0.9 * max(0.0, down))
