"""Attention of Wan's kin, from outside. In: a transformer. Out: the same one, not asking the words twice.

What every layer makes of a prompt stays the same from step to step, so it is kept for the length of a
film; and positions turn queries and keys in one pass over them instead of six.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

KIN = ("WanAttnProcessor", "SkyReelsV2AttnProcessor")
"""The library's processors that these stand in for; any other is left alone."""

TEXT_STATES = 512
"""Behind the states of pictures, where there are any."""


@dataclass(frozen=True)
class Told:
    """Keys and values `[b n h d]` that one layer made of the words, and of pictures where it looks."""

    words: tuple[Tensor, Tensor]
    pictures: tuple[Tensor, Tensor] | None = None


_NUMBERS = count()


@dataclass(eq=False)
class Memory:
    """What every layer of a network made of one prompt, None where it was not asked yet.

    Args:
        told: of each layer.
        number: of this memory in this process, which others may know it by.
    """

    told: list[Told | None] = field(default_factory=list)
    number: int = field(default_factory=partial(next, _NUMBERS))

    @property
    def full(self) -> bool:
        """Whether nobody has to look at the words again."""
        return bool(self.told) and all(each is not None for each in self.told)


def hasten(network: Any) -> Any:
    """Give a Wan or SkyReels transformer these processors; any other network comes back as it is."""
    for layer in network.modules():
        if type(getattr(layer, "processor", None)).__name__ in KIN:
            layer.set_processor(Listening() if layer.is_cross_attention else Turning())
    return network


@contextmanager
def recalling(network: Any, memory: Memory) -> Iterator[None]:
    """Inside the block the network knows what it made of a prompt before, and what it makes is kept."""
    ears = _ears(network)
    for ear, told in zip(ears, memory.told or [None] * len(ears), strict=True):
        ear.told, ear.remembers = told, True
    try:
        yield
    finally:
        memory.told = [ear.told for ear in ears]
        for ear in ears:
            ear.told, ear.remembers = None, False


def heard_again(words: Mapping[str, Tensor], memory: Memory) -> Mapping[str, Tensor]:
    """The words to hand over: one state stands for all of them where nobody will look."""
    if not memory.full:
        return words
    return {**words, "encoder_hidden_states": words["encoder_hidden_states"][:, :1]}


class Turning:
    """Self-attention of one layer."""

    _attention_backend = None
    _parallel_config = None

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """`[b n d] -> [b n d]`."""
        assert encoder_hidden_states is None
        query, key, value = hear(attn, hidden_states)
        if rotary_emb is not None:
            query, key = turned(query, *rotary_emb), turned(key, *rotary_emb)
        return out(self, attn, query, key, value, mask=attention_mask)


class Listening:
    """Cross-attention of one layer: keys and values from memory, queries anew."""

    _attention_backend = None
    _parallel_config = None

    def __init__(self) -> None:
        self.told: Told | None = None
        self.remembers = False

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
        told = _tell(attn, encoder_hidden_states) if self.told is None else self.told
        # Outside `recalling` the next words may be others: whoever borrows the network is none the wiser.
        self.told = told if self.remembers else None
        query = _heads(attn.norm_q(attn.to_q(hidden_states)), attn)
        seen = _look(self, query, *told.words)
        if told.pictures is not None:
            seen = seen + _look(self, query, *told.pictures)
        return _out(attn, seen)


def hear(attn: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`[b n d]` -> queries, keys and values `[b n h d]` of one self-attention, not yet turned."""
    query, key = attn.norm_q(attn.to_q(x)), attn.norm_k(attn.to_k(x))
    return _heads(query, attn), _heads(key, attn), _heads(attn.to_v(x), attn)


def out(
    processor: Any,
    attn: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """What self-attention sees with these, `[b n d]`."""
    parallel = processor._parallel_config
    return _out(attn, _look(processor, query, key, value, mask=mask, parallel=parallel))


def turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Neighbouring channels of `[b n h d]` turned as pairs (Su et al. 2021, arXiv:2104.09864).

    Args:
        x: queries or keys.
        cosine, sine: `[1 n 1 d]`, the angle of each pair twice.
    """
    pairs = rearrange(x.float(), "b n h (d two) -> b n h d two", two=2)
    cosine, sine = cosine[..., 0::2].float(), sine[..., 1::2].float()
    if torch.compiler.is_compiling():  # which fuses this form and not complex numbers
        one, two = pairs.unbind(-1)
        both = [one * cosine - two * sine, one * sine + two * cosine]
        return torch.stack(both, -1).flatten(-2).type_as(x)
    spun = torch.view_as_complex(pairs) * torch.complex(cosine, sine)
    return torch.view_as_real(spun).flatten(-2).type_as(x)


def _ears(network: Any) -> list[Listening]:
    found = (getattr(layer, "processor", None) for layer in network.modules())
    return [each for each in found if isinstance(each, Listening)]


def _tell(attn: Any, states: Tensor) -> Told:
    if attn.add_k_proj is None:
        return Told(_keys_values(attn, attn.norm_k(attn.to_k(states)), attn.to_v(states)))
    shown, spoken = states[:, :-TEXT_STATES], states[:, -TEXT_STATES:]
    pictures = attn.norm_added_k(attn.add_k_proj(shown)), attn.add_v_proj(shown)
    words = attn.norm_k(attn.to_k(spoken)), attn.to_v(spoken)
    return Told(_keys_values(attn, *words), _keys_values(attn, *pictures))


def _keys_values(attn: Any, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    return _heads(keys, attn), _heads(values, attn)


def _heads(x: Tensor, attn: Any) -> Tensor:
    return rearrange(x, "b n (h d) -> b n h d", h=attn.heads)


def _look(
    processor: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor | None = None,
    parallel: Any = None,
) -> Tensor:
    """`[b n h d] -> [b n (h d)]` by whatever kernel the library was told to use."""
    from diffusers.models.attention_dispatch import dispatch_attention_fn

    seen: Tensor = dispatch_attention_fn(
        query, key, value, attn_mask=mask, backend=processor._attention_backend,
        parallel_config=parallel,
    )  # fmt: skip
    return seen.flatten(2, 3).type_as(query)


def _out(attn: Any, x: Tensor) -> Tensor:
    for layer in attn.to_out:
        x = layer(x)
    return x
