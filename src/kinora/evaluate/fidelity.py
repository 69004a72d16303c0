"""How near pixels are to other pixels. In: two clips. Out: decibels, over all pixels and moving ones."""

from dataclasses import dataclass

import torch
from torch import Tensor

MOVING = 12.75 / 127.5
"""A pixel moves when a channel changes by more than 5 % of full scale from one frame to the next."""


@dataclass(frozen=True)
class Fidelity:
    """Peak signal to noise ratio in dB: `all` pixels, `moving` ones, and the `share` that moves."""

    all: float
    moving: float
    share: float


def moving(pixels: Tensor) -> Tensor:
    """`[... t c h w]` in -1..1 -> `[... t 1 h w]` bool: what differs from the frame before."""
    change = (pixels[..., 1:, :, :, :] - pixels[..., :-1, :, :, :]).abs().amax(-3, keepdim=True)
    still = torch.zeros_like(pixels[..., :1, :1, :, :])
    return torch.cat([still, change], dim=-4) > MOVING


def decibels(error: Tensor) -> float:
    """PSNR of a mean squared error on the -1..1 scale."""
    return float(10 * torch.log10(4 / error.clamp_min(1e-10)))


def fidelity(drawn: Tensor, truth: Tensor) -> Fidelity:
    """Compare `[... t 3 h w]` in -1..1 with the truth."""
    error = (drawn.clamp(-1, 1) - truth).square().mean(-3, keepdim=True)
    mask = moving(truth)
    share = float(mask.float().mean())
    return Fidelity(
        all=decibels(error.mean()),
        moving=decibels(error[mask].mean()) if share else float("nan"),
        share=share,
    )
