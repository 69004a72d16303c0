"""What a streaming Wan remembers of its film. In: keys and values of clean frames. Out: attention that sees them.

Keys are kept before they are turned: positions count from the first frame that is remembered, so a film has
no longest length. Looking back through this memory is what hiding later blocks of a whole canvas does.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kinora.open_weights.remember import Turning, hear, out, turned

Layer = tuple[Tensor, Tensor]
"""Keys and values `[b n h d]`, keys not turned."""

Keep = Callable[[tuple[Layer, ...]], None]
"""Is given what every layer made of the frames of a call."""


@dataclass(frozen=True, eq=False)
class Past:
    """Clean frames as every layer of a network remembers them.

    Args:
        frames: latent frames.
        layers: keys and values of each layer.
    """

    frames: int = 0
    layers: tuple[Layer, ...] = ()

    def then(self, own: Sequence[Layer], *, frames: int, most: int) -> "Past":
        """With `frames` more behind, of which the last `most` are kept."""
        each = own[0][0].shape[1] // frames
        before = self.layers or tuple((k[:, :0], v[:, :0]) for k, v in own)
        keep = most * each
        layers = tuple(
            (torch.cat([k, new_k], 1)[:, -keep:], torch.cat([v, new_v], 1)[:, -keep:])
            for (k, v), (new_k, new_v) in zip(before, own, strict=True)
        )
        return Past(min(self.frames + frames, most), layers)


class Recalling(Turning):
    """Self-attention that sees the past before its own frames, and shows what it made of those."""

    def __init__(self) -> None:
        self.past: Layer | None = None
        self.own: Layer | None = None

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """`[b n d] -> [b n d]`; the positions are those of past and own frames together."""
        del encoder_hidden_states, attention_mask
        assert rotary_emb is not None
        query, key, value = hear(attn, hidden_states)
        self.own = key, value
        if self.past is not None:
            key, value = (torch.cat(pair, 1) for pair in zip(self.past, self.own, strict=True))
        cosine, sine = rotary_emb
        count = query.shape[1]
        query = turned(query, cosine[:, -count:], sine[:, -count:])
        return out(self, attn, query, turned(key, cosine, sine), value)

    def seen(self) -> Layer:
        """What it made of its own frames."""
        assert self.own is not None, "the network has been called"
        return self.own


class Places:
    """Positions that begin with the first remembered frame."""

    def __init__(self) -> None:
        self.before = 0

    def __call__(self, rope: Any, given: tuple[Tensor], own: Any) -> Any:
        """After the network's own positions were made: those of all frames."""
        if not self.before:
            return own
        (x,) = given
        longer = x[:, :, :1].expand(-1, -1, x.shape[2] + self.before, -1, -1)
        return rope.forward(longer)


def look_back(network: Any) -> None:
    """Give a `WanTransformer3DModel` a memory of earlier frames, empty as yet."""
    network.places = Places()
    network.rope.register_forward_hook(network.places)
    for layer in network.blocks:
        layer.attn1.set_processor(Recalling())


@contextmanager
def looking_back(network: Any, past: Past | None) -> Iterator[list[Recalling]]:
    """Inside the block the network sees `past`; what it makes of its own frames lies in the processors."""
    eyes = [] if past is None else [layer.attn1.processor for layer in network.blocks]
    if past is not None:
        network.places.before = past.frames
        for eye, layer in zip(eyes, past.layers or [None] * len(eyes), strict=True):
            eye.past = layer
    try:
        yield eyes
    finally:
        for eye in eyes:
            eye.past = eye.own = None
        if past is not None:
            network.places.before = 0
