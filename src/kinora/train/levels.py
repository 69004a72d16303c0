"""How noisy each frame of a training clip is. In: how many clips and frames. Out: levels `[b f]` in 0..1.

One mixture for each thing the studio asks of the model: a whole film, a film that goes on from known
frames, a film that streams behind a memory, the same moment from another camera.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from kinora.flow.schedule import shift

BEGINS = 0.05
"""Share of levels that are 1: every film begins there, and logit-normal levels hardly ever come near."""


def drawn(count: int, *, amount: float, generator: Generator) -> Tensor:
    """`[count]` logit-normal levels, stratified over the batch, shifted by `amount`; some are 1."""
    even = (
        torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    ) / count
    normal = torch.special.ndtri((even / (1 - BEGINS)).clamp(1e-4, 1 - 1e-4))
    level = shift(torch.sigmoid(normal), amount)
    return torch.where(even > 1 - BEGINS, torch.ones(()), level)


def whole_or_known(
    clips: int, frames: int, *, known: Sequence[float], amount: float, generator: Generator
) -> Tensor:
    """One level for a clip, in which some clips know frames and some have a level for each.

    Args:
        clips, frames: the batch.
        known: shares of clips that know the first frame, the first three, both ends, of those whose
            frames have levels of their own, and of those that know all frames after some moment.
        amount: shift of the levels.
        generator: of everything random.
    """
    level = drawn(clips, amount=amount, generator=generator)[:, None].repeat(1, frames)
    if frames == 1:
        return level
    choice = torch.rand(clips, generator=generator)
    edges = torch.tensor(known).cumsum(0)
    first, three, ends, own, later = (
        (choice < edge) & (choice >= edge - share) for edge, share in zip(edges, known, strict=True)
    )
    level[first | ends, 0] = 0.0
    level[ends, -1] = 0.0
    level[three, : min(3, frames - 1)] = 0.0
    each = drawn(clips * frames, amount=amount, generator=generator).reshape(clips, frames)
    level[own] = each[own]
    moment = torch.randint(1, frames, (clips, 1), generator=generator)
    return torch.where(later[:, None] & (torch.arange(frames) >= moment), torch.zeros(()), level)


CONTEXT_NOISE = 0.15
"""The most noise on frames that a stream goes on from: its own past is never quite right either."""


def chunked(clips: int, frames: int, *, chunk: int, amount: float, generator: Generator) -> Tensor:
    """A level for every chunk, as a stream meets them: the past nearly clean, the rest to be dreamt.

    Half of the clips know their past exactly, half with up to `CONTEXT_NOISE`; the chunks after the
    first dreamt one look back at noise (diffusion forcing, arXiv:2407.01392).
    """
    number = torch.arange(frames) // chunk
    chunks = int(number[-1]) + 1
    each = drawn(clips * chunks, amount=amount, generator=generator).reshape(clips, chunks)
    now = torch.randint(chunks, (clips, 1), generator=generator)
    exact = torch.rand(clips, 1, generator=generator) < 0.5
    noise = CONTEXT_NOISE * torch.rand(clips, chunks, generator=generator)
    past = torch.where(exact, torch.zeros(()), noise)
    return torch.where(torch.arange(chunks) < now, past, each)[:, number]


KNOWN_CAMERA = 0.7
"""Share of clips from several cameras in which the first one's picture is known."""


def from_cameras(
    clips: int, frames: int, *, cameras: int, amount: float, generator: Generator
) -> Tensor:
    """`[clips (cameras frames)]`: one level for a moment from all sides, or the first side known."""
    level = drawn(clips, amount=amount, generator=generator)[:, None].repeat(1, cameras * frames)
    level[torch.rand(clips, generator=generator) < KNOWN_CAMERA, :frames] = 0.0
    return level
