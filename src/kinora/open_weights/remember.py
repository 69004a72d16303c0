"""Keys and values of the words, once a film. In: Wan transformers. Out: the same, not asking twice.

The words do not change from step to step, so what every layer makes of them need not either. With 512
states of text this is most of a small step, and little of a large one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from einops import rearrange
from torch import Tensor, nn

HEARD: ContextVar[Mapping[str, Tensor] | None] = ContextVar("heard", default=None)
"""The words of the network call that is going on."""

KeysValues = tuple[Tensor, Tensor]


@contextmanager
def words_once(networks: Sequence[Any]) -> Iterator[None]:
    """Inside the block the cross-attention of Wan transformers keeps what it made of each prompt.

    Layers that also attend to pictures are left alone. Memory: two states per word, layer and prompt.
    """
    layers = [block.attn2 for network in networks for block in network.blocks]
    plain = [layer for layer in layers if layer.add_k_proj is None]
    before = [layer.processor for layer in plain]
    for layer in plain:
        layer.set_processor(Remembering())
    try:
        yield
    finally:
        for layer, processor in zip(plain, before, strict=True):
            layer.set_processor(processor)


class Remembering:
    """Cross-attention of one layer: keys and values by prompt, queries anew."""

    _attention_backend = None
    _parallel_config = None

    def __init__(self) -> None:
        # The words are kept beside their keys, so that an id is never used by two.
        self.kept: dict[int, tuple[Mapping[str, Tensor], KeysValues]] = {}

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        rotary_emb: Any = None,
    ) -> Tensor:
        """`[b n d] -> [b n d]`; there is no mask and no rotation towards words."""
        del attention_mask, rotary_emb
        keys, values = self._keys_values(attn, encoder_hidden_states)
        queries = _heads(attn.norm_q(attn.to_q(hidden_states)), attn.heads)
        seen = nn.functional.scaled_dot_product_attention(queries, keys, values)
        out = rearrange(seen, "b h n d -> b n (h d)").type_as(hidden_states)
        for layer in attn.to_out:
            out = layer(out)
        return out

    def _keys_values(self, attn: Any, states: Tensor) -> KeysValues:
        words = HEARD.get()
        if words is None:
            return _made(attn, states)
        if id(words) not in self.kept:
            self.kept[id(words)] = (words, _made(attn, states))
        return self.kept[id(words)][1]


def _made(attn: Any, states: Tensor) -> KeysValues:
    keys = _heads(attn.norm_k(attn.to_k(states)), attn.heads)
    return keys, _heads(attn.to_v(states), attn.heads)


def _heads(x: Tensor, heads: int) -> Tensor:
    return rearrange(x, "b n (h d) -> b h n d", h=heads)
