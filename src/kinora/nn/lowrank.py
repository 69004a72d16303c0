"""Small changes of large matrices. In: a network. Out: the same network, learning a product of two thin ones.

LoRA (Hu et al. 2021, arXiv:2106.09685): a matrix `[o i]` keeps its weights and learns `up [o r] @ down [r i]`.
What was learnt is thus a difference of rank r, and can be told in r (o + i) numbers, whoever learnt it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

UP, DOWN = ".up", ".down"


class LowRank(nn.Module):
    """The change of one matrix: none at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        high, wide = weight.shape
        self.up = nn.Parameter(weight.new_zeros(high, rank))
        self.down = nn.Parameter(weight.new_empty(rank, wide).normal_(std=wide**-0.5))

    def forward(self, weight: Tensor) -> Tensor:
        """`[o i] -> [o i]`."""
        return torch.addmm(weight, self.up, self.down)


def adapt(network: nn.Module, rank: int) -> nn.Module:
    """Let the network's linear layers learn changes of this rank, and its gains and biases; nothing else."""
    for parameter in network.parameters():
        parameter.requires_grad_(parameter.ndim == 1)
    for module in network.modules():
        if isinstance(module, nn.Linear) and min(module.weight.shape) > 2 * rank:
            parametrize.register_parametrization(module, "weight", LowRank(module.weight, rank))
    return network


def begin_with(network: nn.Module, told: Mapping[str, Tensor]) -> nn.Module:
    """Let an adapted network begin with a difference, of the same rank, as if it had learnt that already.

    Raises:
        KeyError: the difference is of another network.
        RuntimeError: its rank is another.
    """
    mine = dict(network.named_parameters())
    with torch.no_grad():
        for name, value in told.items():
            matrix, _, thin = name.rpartition(".")
            if name.endswith((UP, DOWN)):
                module, _, weight = matrix.rpartition(".")
                mine[f"{module}.parametrizations.{weight}.0.{thin}"].copy_(value)
            else:
                mine[name].add_(value.to(mine[name]))
    return network


def merged(network: nn.Module) -> dict[str, Tensor]:
    """The state of the network as if its matrices were plain: what one that was not adapted can load."""
    state = {
        name: x for name, x in network.state_dict().items() if ".parametrizations." not in name
    }
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear) and parametrize.is_parametrized(module):
            state[f"{name}.weight"] = module.weight.detach()
    return state


def difference(
    old: Mapping[str, Tensor], new: Mapping[str, Tensor], rank: int
) -> dict[str, Tensor]:
    """What makes `new` of `old`: matrices as two thin ones of this rank, everything else that differs as it is.

    The best of that rank (Eckart and Young 1936): exact where no more than that was learnt.
    """
    told = {}
    for name, weight in new.items():
        change = weight.float() - old[name].float()
        if not change.any():
            continue
        if weight.ndim == 2 and min(weight.shape) > 2 * rank:
            u, s, v = torch.linalg.svd(change, full_matrices=False)
            root = s[:rank].sqrt()
            told[name + UP], told[name + DOWN] = u[:, :rank] * root, root[:, None] * v[:rank]
        else:
            told[name] = change
    return told


def changed(old: Mapping[str, Tensor], told: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`old` with a difference added.

    Raises:
        KeyError: the difference is of another network.
    """
    products = {name.removesuffix(UP) for name in told if name.endswith(UP)}
    changes = {name: told[name + UP] @ told[name + DOWN] for name in products}
    changes |= {name: told[name] for name in told if not name.endswith((UP, DOWN))}
    return {**old, **{name: old[name] + change for name, change in changes.items()}}
