"""Wan checkpoints taught to stream. In: a folder. Out: a family that goes on block by block in few steps.

Self-Forcing (arXiv:2506.08009) and CausVid (arXiv:2412.07772) keep Wan's tensors and change what may be
seen: a block of latent frames sees itself and all before it. A film is made through a memory (`past`);
`block_causal` says the same of a whole canvas at once.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from kinora.core.shape import LatentShape
from kinora.flow.schedule import levels
from kinora.flow.solver.anew import Anew
from kinora.open_weights.blocks import BLOCK
from kinora.open_weights.coordinates import Flow
from kinora.open_weights.family import Family
from kinora.open_weights.folder import Folder
from kinora.open_weights.past import look_back
from kinora.open_weights.remember import Turning
from kinora.open_weights.schedule import shift_of
from kinora.open_weights.wan import wan

STEPS = 4
SHIFT = 5.0
"""Of Self-Forcing, where a folder's scheduler names none."""


def wan_causal(folder: Folder) -> Family:
    """The family of a folder whose pipeline is `WanCausalDMDPipeline`."""
    return streaming(wan(folder), shift=shift_of(folder.config("scheduler")) or SHIFT)


def streaming(family: Family, *, shift: float = SHIFT) -> Family:
    """A Wan family as Self-Forcing taught it.

    Args:
        family: of the same tensors.
        shift: of the few levels it was distilled at.
    """
    likes = replace(
        family.capabilities, hold="native", levels_trained=True, guidance=1.0, shift=shift,
        steps=(STEPS,) * 3, causal=True, streams_only=True, solver=Anew(),
    )  # fmt: skip
    return replace(
        family, name="wan-causal", capabilities=likes, coordinates=Flow(sign=-1),
        schedule=Stops(shift), adapt=look_back,
    )  # fmt: skip


@dataclass(frozen=True)
class Stops:
    """Even levels, shifted: 1, 0.9375, 0.8333, 0.625, 0 in four steps shifted by 5."""

    shift: float

    def __call__(self, *, steps: int, shape: LatentShape, shift: float | None) -> Tensor:
        """Levels `[steps + 1]`."""
        del shape
        return levels(steps, amount=self.shift if shift is None else shift)


def block_causal(network: Any, *, block: int = BLOCK) -> None:
    """Give every self-attention of a `WanTransformer3DModel` a processor that hides later blocks.

    Args:
        network: the transformer, changed in place.
        block: latent frames that see each other.
    """
    patch = network.config.patch_size
    sight = Sight(block=block, patch=(patch[0], patch[1], patch[2]))
    network.register_forward_pre_hook(sight.look, with_kwargs=True)
    for layer in network.blocks:
        layer.attn1.set_processor(Hiding(sight))


class Sight:
    """Which tokens see which; made anew when the size of the canvas changes."""

    def __init__(self, *, block: int, patch: tuple[int, int, int]) -> None:
        self.block = block
        self.patch = patch
        self.mask: Tensor | None = None
        self._shape: tuple[int, int] | None = None

    def look(self, network: Any, args: Any, kwargs: Any) -> None:
        """Before a call of the network: the mask for the size of its input."""
        del network
        x = kwargs.get("hidden_states", args[0] if args else None)
        _, _, frames, height, width = x.shape
        each = (height // self.patch[1]) * (width // self.patch[2])
        shape = (frames // self.patch[0], each)
        if shape != self._shape or self.mask is None or self.mask.device != x.device:
            self._shape, self.mask = shape, visible(*shape, block=self.block).to(x.device)


def visible(frames: int, each: int, *, block: int) -> Tensor:
    """`[1 1 n n]`, True where a token (row) sees another (column): its own block and those before."""
    blocks = (torch.arange(frames) // block).repeat_interleave(each)
    return (blocks[:, None] >= blocks[None])[None, None]


class Hiding(Turning):
    """Self-attention that is given the mask."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """`[b n d] -> [b n d]`."""
        del attention_mask
        mask = self.sight.mask
        return super().__call__(attn, hidden_states, encoder_hidden_states, mask, rotary_emb)
