"""Fewer tokens in the middle of the network. In: a transformer, a share. Out: hooks that let tokens skip blocks.

A random part of every frame's tokens skips all blocks but the first and the last and comes back as it
was (TREAD, Krause et al. 2025, arXiv:2501.04765). The transformer does not know of it, and once training is
over nothing of it is left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from kinora.nn.rope import Rotation
from kinora.transformer.block import Looks
from kinora.transformer.model import Transformer


@dataclass(frozen=True, eq=False)
class Way:
    """Which of the n tokens go all the way: `[b k]`, in rising order, equally many of every frame."""

    kept: Tensor

    def __call__(self, tokens: Tensor) -> Tensor:
        """`[b n ...] -> [b k ...]`, only those."""
        tail = tokens.shape[2:]
        place = self.kept.view(*self.kept.shape, *(1 for _ in tail)).expand(-1, -1, *tail)
        return tokens.gather(1, place)

    def back(self, tokens: Tensor, among: Tensor) -> Tensor:
        """`[b k d]` at their places among all `[b n d]`."""
        place = self.kept[..., None].expand(-1, -1, among.shape[-1])
        return among.scatter(1, place, tokens.to(among.dtype))

    def looks(self, looks: Looks) -> Looks:
        """What blocks share, for those tokens alone."""
        turn = Rotation(
            *(self(x.transpose(1, 2)).transpose(1, 2) for x in _spread(self, looks.turn))
        )
        mask, words = looks.mask, looks.words_mask
        if mask is not None:
            rows = self(mask.transpose(1, 2))  # b k 1 n
            mask = self(rows.permute(0, 3, 2, 1)).permute(0, 2, 3, 1)  # b 1 k k
        if words.shape[2] > 1:
            words = self(words.transpose(1, 2)).transpose(1, 2)
        return replace(looks, turn=turn, mask=mask, words_mask=words)


def _spread(way: Way, turn: Rotation) -> tuple[Tensor, Tensor]:
    """Cosines and sines for every clip, as gathering needs them."""
    clips = len(way.kept)
    return turn.cos.expand(clips, -1, -1, -1), turn.sin.expand(clips, -1, -1, -1)


class Route:
    """See the module.

    Args:
        transformer: of three blocks at least; it gets hooks that do nothing outside `skipping`.
        share: of the tokens that skip the middle, in 0..1.
    """

    def __init__(self, transformer: Transformer, *, share: float) -> None:
        blocks = transformer.blocks
        assert 0 < share < 1 and len(blocks) >= 3, (share, len(blocks))
        self.share = share
        self.way: Way | None = None
        self._all: Tensor | None = None
        self._looks: Looks | None = None
        for block in blocks[1:-1]:
            block.register_forward_pre_hook(self._enter)
        blocks[-2].register_forward_hook(self._leave)

    @contextmanager
    def skipping(
        self, clips: int, frames: int, tokens: int, *, generator: Generator, device: torch.device
    ) -> Iterator[None]:
        """Within it, one forward pass of `clips` of `frames` of `tokens` each lets a part skip."""
        keep = max(1, round(tokens * (1 - self.share)))
        chance = torch.rand(clips, frames, tokens, generator=generator)
        chosen = chance.topk(keep, dim=-1).indices.sort(dim=-1).values
        first = tokens * torch.arange(frames)[:, None]
        self.way = Way((chosen + first).flatten(1).to(device))
        try:
            yield
        finally:
            self.way = self._all = self._looks = None

    def _enter(self, _: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if self.way is None:
            return None
        tokens, modulation, looks, *rest = given
        assert modulation.shape[2] == 1, "levels that differ within a frame are not routed"
        if self._all is None:
            self._all, self._looks = tokens, self.way.looks(looks)
            tokens = self.way(tokens)
        return (tokens, modulation, self._looks, *rest)

    def _leave(self, _: nn.Module, __: Any, given: tuple[Tensor, Any]) -> tuple[Tensor, Any] | None:
        if self.way is None or self._all is None:
            return None
        return self.way.back(given[0], self._all), given[1]
