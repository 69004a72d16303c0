"""How crisp edges are. In: drawn frames, the render of the same. Out: 1 where they are as crisp as there.

Only the render's own strongest edges are asked, so that noise elsewhere cannot pass for sharpness.
"""

import torch
from torch import Tensor

EDGES = 0.05
"""Share of the render's pixels that count as edges."""

LUMA = (0.2126, 0.7152, 0.0722)


def sharpness(drawn: Tensor, truth: Tensor) -> float:
    """Steepness of `drawn` over that of `truth`, both `[... 3 h w]`, along the edges of `truth`.

    Each pixel's slope is taken along the truth's own direction there: an edge that is drawn elsewhere, or
    another way round, does not count.
    """
    ours, theirs = _slopes(drawn.clamp(-1, 1)), _slopes(truth)
    strength = theirs.square().sum(-1).sqrt().flatten()
    count = max(1, round(EDGES * strength.numel()))
    steepest, where = strength.topk(count)
    along = (ours * theirs).sum(-1).flatten()[where] / steepest.clamp_min(1e-8)
    return float(along.sum() / steepest.sum().clamp_min(1e-8))


def _slopes(pixels: Tensor) -> Tensor:
    """`[... 3 h w] -> [... h-1 w-1 2]`: differences of luma to the right and downwards."""
    weights = torch.tensor(LUMA, dtype=pixels.dtype, device=pixels.device)
    luma = (pixels * weights[:, None, None]).sum(-3)
    right = luma[..., :-1, 1:] - luma[..., :-1, :-1]
    down = luma[..., 1:, :-1] - luma[..., :-1, :-1]
    return torch.stack([right, down], dim=-1)
