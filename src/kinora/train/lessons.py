"""What a film model is shown. In: pools of latent clips with captions. Out: batches and noise levels.

Every latent frame has a noise level of its own (diffusion forcing, arXiv:2407.01392), drawn from the
mixtures that the studio's edits need. Both depend on the step's number alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kinora.core.config import Config
from kinora.core.seed import torch_generator
from kinora.data.pool import Pool
from kinora.flow.schedule import shift
from kinora.text.tokenizer import Tokenizer

EMPTY = (2,)
"""The ids of no words at all: the start mark."""


class Stage(Config):
    """A stretch of the curriculum.

    Args:
        until: the step at which the next stage takes over.
        buckets: bucket name -> how often it is drawn.
        tokens: video tokens per step; the batch follows from the clip's size.
        latents: at most this many latent frames of a clip.
    """

    until: int
    buckets: dict[str, float]
    tokens: int = 2560
    latents: int = 9


class LessonsConfig(Config):
    """What is shown, and how often.

    Args:
        stages: the curriculum.
        drop: share of clips that hear no words.
        captions: how often tags, sentence and paragraph are heard.
        known: how often the first frame, the first three, both ends are known, and how often every
            frame has a level of its own; the rest is dreamt as a whole.
        shift: of the training levels.
    """

    stages: tuple[Stage, ...]
    drop: float = 0.1
    captions: tuple[float, float, float] = (0.2, 0.65, 0.15)
    known: tuple[float, float, float, float] = (0.12, 0.15, 0.05, 0.1)
    shift: float = 1.5


@dataclass(frozen=True, eq=False)
class FilmBatch:
    """`latents` `[b f c h w]`, `labels` `[b f h w 2]`, `ids` `[b l]` and their `mask`."""

    latents: Tensor
    labels: Tensor
    ids: Tensor
    mask: Tensor


class Lessons:
    """See the module.

    Args:
        config: what is shown.
        pools: bucket name -> latents, labels and rows with three captions each.
        tokenizer: words to ids.
        patch: latent positions along the side of a token.
        limit: words of a caption at most.
        seed: of everything random.
    """

    def __init__(
        self,
        config: LessonsConfig,
        pools: Mapping[str, Pool],
        tokenizer: Tokenizer,
        *,
        patch: int,
        limit: int,
        seed: int,
    ) -> None:
        self.config, self.pools, self.patch, self.seed = config, pools, patch, seed
        self.words = {name: _tokenise(pool.rows, tokenizer, limit) for name, pool in pools.items()}

    def stage(self, step: int) -> Stage:
        """The stage of a step; the last one goes on for ever."""
        return next((s for s in self.config.stages if step < s.until), self.config.stages[-1])

    def batch(self, step: int) -> FilmBatch:
        """Clips of one bucket, a window of each, and one of its captions or none."""
        stage, g = self.stage(step), torch_generator(self.seed, "batch", step)
        names = list(stage.buckets)
        odds = torch.tensor([stage.buckets[name] for name in names])
        name = names[int(torch.multinomial(odds, 1, generator=g))]
        latents, labels = self.pools[name].tensors["latents"], self.pools[name].tensors["labels"]
        frames = min(stage.latents, latents.shape[1])
        per_clip = frames * latents.shape[3] * latents.shape[4] // self.patch**2
        count = max(1, stage.tokens // per_clip)
        picks = torch.randint(len(latents), (count,), generator=g).to(latents.device)
        kinds = torch.multinomial(
            torch.tensor(self.config.captions), count, replacement=True, generator=g
        )
        kinds[torch.rand(count, generator=g) < self.config.drop] = 3
        ids, lengths = self.words[name]
        ids, lengths = ids[picks.cpu(), kinds], lengths[picks.cpu(), kinds]
        longest = int(lengths.max())
        mask = torch.arange(longest) < lengths[:, None]
        return FilmBatch(
            latents=latents[picks, :frames].float(),
            labels=labels[picks, :frames].long(),
            ids=ids[:, :longest].to(latents.device),
            mask=mask.to(latents.device),
        )

    def levels(self, clips: int, frames: int, step: int) -> Tensor:
        """`[b f]` noise levels: stratified over the batch, then frames made known by the mixture."""
        g = torch_generator(self.seed, "levels", step)

        def draw(count: int) -> Tensor:
            even = (torch.randperm(count, generator=g) + torch.rand(count, generator=g)) / count
            normal = torch.special.ndtri(even.clamp(1e-4, 1 - 1e-4))
            return shift(torch.sigmoid(normal), self.config.shift)

        level = draw(clips)[:, None].repeat(1, frames)
        if frames == 1:
            return level
        choice = torch.rand(clips, generator=g)
        edges = torch.tensor(self.config.known).cumsum(0)
        first, three, ends, own = (
            (choice < edge) & (choice >= edge - share)
            for edge, share in zip(edges, self.config.known, strict=True)
        )
        level[first | ends, 0] = 0.0
        level[ends, -1] = 0.0
        level[three, : min(3, frames - 1)] = 0.0
        level[own] = draw(clips * frames).reshape(clips, frames)[own]
        return level


def _tokenise(
    rows: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, limit: int
) -> tuple[Tensor, Tensor]:
    """Ids `[n 4 l]` of three captions and of no words, and their lengths `[n 4]`."""
    read = [[*(tokenizer.read(c, limit=limit).ids for c in row["captions"]), EMPTY] for row in rows]
    longest = max(len(ids) for four in read for ids in four)
    ids = torch.full((len(read), 4, longest), tokenizer.pad, dtype=torch.long)
    lengths = torch.zeros(len(read), 4, dtype=torch.long)
    for i, four in enumerate(read):
        for j, one in enumerate(four):
            ids[i, j, : len(one)] = torch.tensor(one)
            lengths[i, j] = len(one)
    return ids, lengths
