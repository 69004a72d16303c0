"""Muon for hidden matrices, AdamW for the rest. In: parameter groups. Out: one optimizer.

Muon (Jordan et al. 2024; at scale: Liu et al. 2025, arXiv:2502.16982) steps along the nearest
orthogonal matrix of the averaged gradient. `torch.optim.Muon` computes it in bfloat16, which CPUs
without such units run hundreds of times slower than float32; here the weights' own precision is used.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration that maps singular values into 0.7..1.2."""
ITERATIONS = 5
SIZE = 0.2
"""Root mean square of an update per unit of rate, AdamW's own, so that one rate fits both."""


class Muon(torch.optim.AdamW):
    """AdamW whose groups with `orthogonal=True` are stepped by Muon with `momentum`."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step of every group; a closure is not supported."""
        assert closure is None
        groups = self.param_groups
        self.param_groups = [group for group in groups if not group.get("orthogonal")]
        try:
            super().step()
        finally:
            self.param_groups = groups
        for group in groups:
            if group.get("orthogonal"):
                self._turn(group)

    def _turn(self, group: dict[str, Any]) -> None:
        alike: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for weight in group["params"]:
            if weight.grad is None:
                continue
            state = self.state[weight]
            if not state:
                # AdamW looks for a step when it is loaded.
                state["step"] = torch.zeros(())
                state["momentum"] = torch.zeros_like(weight)
            state["step"] += 1
            state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
            ahead = weight.grad.lerp(state["momentum"], group["momentum"])
            alike[tuple(weight.shape)].append((weight, ahead))
        for (rows, columns), pairs in alike.items():
            turned = orthogonal(torch.stack([ahead for _, ahead in pairs]))
            rate = group["lr"] * SIZE * max(rows, columns) ** 0.5
            for (weight, _), update in zip(pairs, turned, strict=True):
                weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=rate)


def orthogonal(matrices: Tensor) -> Tensor:
    """`[n r c]` -> `[n r c]` with the same singular vectors and singular values near one."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    turned: Tensor = x.mT if tall else x
    return turned
