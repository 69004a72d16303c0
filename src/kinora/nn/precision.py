"""Matrices in half the bytes. In: a network. Out: a copy for autocast, which need not convert them at every call."""

from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

N = TypeVar("N", bound=nn.Module)


def with_brief_matrices(network: N) -> N:
    """A copy whose linear layers hold bfloat16; all else, and the network itself, stays float32."""
    brief = deepcopy(network)
    for module in brief.modules():
        if isinstance(module, nn.Linear):
            module.to(torch.bfloat16)
    return brief
