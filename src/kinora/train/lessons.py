"""What a film model is shown. In: pools of latent clips with captions. Out: batches and noise levels.

Every latent frame has a noise level of its own (diffusion forcing, arXiv:2407.01392). Everything depends
on the step's number alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kinora.core.config import Config
from kinora.core.seed import torch_generator
from kinora.data.pool import Pool
from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.text.tokenizer import Tokenizer
from kinora.train.levels import chunked, from_cameras, whole_or_known
from kinora.train.motion import ways
from kinora.transformer.place import Place

SPARSE = 3
"""Latent frames of a clip that is shown in glimpses."""
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
        known: how often the first frame, the first three, both ends are known, how often every frame has
            a level of its own, and how often all frames after some moment are known; the rest is dreamt
            as a whole.
        causal: share of batches of clips in which a frame sees only its own and earlier chunks, as
            it does in a stream.
        sparse: share of the other batches of clips that show `SPARSE` frames of a window, far apart: of what
            goes where they tell as much as all of them, and several times as many clips fit in a step.
        chunk: latent frames that a stream dreams at once.
        shift, clip_shift: of the training levels of stills and of clips. Frames that are alike tell of
            each other, so what happens in a clip is decided at more noise than what a still shows
            (arXiv:2403.03206, section 5.3.2, on pixels).
    """

    stages: tuple[Stage, ...]
    drop: float = 0.1
    captions: tuple[float, float, float] = (0.2, 0.65, 0.15)
    known: tuple[float, float, float, float, float] = (0.12, 0.15, 0.05, 0.1, 0.05)
    causal: float = 0.0
    sparse: float = 0.0
    chunk: int = 3
    shift: float = 1.5
    clip_shift: float = 3.0


@dataclass(frozen=True, eq=False)
class FilmBatch:
    """`latents` `[b f c h w]`, `labels` `[b f h w 4]`, `ids` `[b l]`, their `mask`, `cameras` `[b v]`.

    The frames of v cameras stand one camera after the other, each with those whose `numbers` of the
    window are told; in front of them `portraits` frames that are references, not film. Labels are kind,
    colour, and which way that goes across and down (`train.motion`).
    """

    latents: Tensor
    labels: Tensor
    ids: Tensor
    mask: Tensor
    cameras: Tensor
    numbers: Tensor
    portraits: int = 0


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
        self.config, self.patch, self.seed = config, patch, seed
        self.tokenizer, self.limit = tokenizer, limit
        self.pools: dict[str, Pool] = {}
        self.words: dict[str, tuple[Tensor, Tensor]] = {}
        self.cameras: dict[str, Tensor] = {}
        self.portraits: dict[str, int] = {}
        for name, pool in pools.items():
            self.add(name, pool)

    def add(self, name: str, pool: Pool) -> None:
        """Show these clips too from now on."""
        ids, lengths = _tokenise(pool.rows, self.tokenizer, self.limit)
        cameras = torch.tensor([row.get("cameras", [0]) for row in pool.rows])
        if name in self.pools:
            pool = self.pools[name].with_more(pool)
            ids, lengths = (
                _longer(self.words[name][0], ids, self.tokenizer.pad),
                torch.cat([self.words[name][1], lengths]),
            )
            cameras = torch.cat([self.cameras[name], cameras])
        self.pools[name], self.words[name], self.cameras[name] = pool, (ids, lengths), cameras
        self.portraits[name] = int(pool.rows[0].get("portrait", False))

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
        cameras, portraits = self.cameras[name], self.portraits[name]
        sides = cameras.shape[1]
        each = (latents.shape[1] - portraits) // sides
        frames = min(stage.latents, each)
        numbers = torch.arange(frames)
        if sides == 1 and self.glimpses(frames, step):
            numbers = torch.randperm(frames, generator=g)[:SPARSE].sort().values
        film = each * torch.arange(sides)[:, None] + numbers
        taken = torch.cat([torch.arange(portraits), portraits + film.flatten()])
        per_clip = len(taken) * latents.shape[3] * latents.shape[4] // self.patch**2
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
            latents=latents[picks][:, taken].float(),
            labels=with_ways(labels[picks].long(), sides, portraits)[:, taken],
            ids=ids[:, :longest].to(latents.device),
            mask=mask.to(latents.device),
            cameras=cameras[picks.cpu()].to(latents.device),
            numbers=numbers.to(latents.device),
            portraits=portraits,
        )

    def levels(
        self, clips: int, frames: int, step: int, *, cameras: int = 1, streams: bool = False
    ) -> Tensor:
        """`[clips (cameras frames)]` noise levels, by the mixture that the batch asks for."""
        generator = torch_generator(self.seed, "levels", step)
        amount = self.config.shift if frames == 1 else self.config.clip_shift
        if cameras > 1:
            return from_cameras(clips, frames, cameras=cameras, amount=amount, generator=generator)
        if streams:
            chunk = self.config.chunk
            return chunked(clips, frames, chunk=chunk, amount=amount, generator=generator)
        known = self.config.known
        return whole_or_known(clips, frames, known=known, amount=amount, generator=generator)

    def place(self, batch: FilmBatch, *, step_seconds: float, streams: bool = False) -> Place:
        """Where the frames of a batch stand, each clip with words of its own.

        Portraits in front of them are outside time, and a stream has seen them before it begins.
        """
        clips, sides = batch.cameras.shape
        before, number = (batch.portraits, 0), batch.numbers
        time = F.pad(step_seconds * number.repeat(sides), before, value=OUTSIDE_TIME)
        chunk = F.pad(number // self.config.chunk, before, value=-1)
        return replace(
            Place.single(time, batch=clips),
            view=F.pad(batch.cameras.repeat_interleave(len(number), 1), before),
            chunk=chunk.expand(clips, -1) if streams else None,
        )

    def glimpses(self, frames: int, step: int) -> bool:
        """Whether the clips of this step are shown in a few frames, far apart."""
        chance = float(torch.rand((), generator=torch_generator(self.seed, "glimpses", step)))
        return frames > SPARSE and chance < self.config.sparse

    def streams(self, frames: int, step: int) -> bool:
        """Whether the clips of this step are learnt as a stream shows them."""
        chance = float(torch.rand((), generator=torch_generator(self.seed, "streams", step)))
        return frames > self.config.chunk and chance < self.config.causal


def _longer(old: Tensor, new: Tensor, pad: int) -> Tensor:
    """Ids `[n 4 l]` of both, as long as the longest."""
    longest = max(old.shape[2], new.shape[2])
    return torch.cat([F.pad(ids, (0, longest - ids.shape[2]), value=pad) for ids in (old, new)])


def with_ways(labels: Tensor, sides: int, portraits: int) -> Tensor:
    """Kind and colour `[b f h w 2]` of portraits and of what each side sees -> with their ways `[b f h w 4]`."""
    parts = [labels[:, :portraits], *labels[:, portraits:].chunk(sides, dim=1)]
    goes = torch.cat([ways(part) for part in parts if part.shape[1]], dim=1)
    return torch.cat([labels, goes], dim=-1)


def _tokenise(
    rows: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, limit: int
) -> tuple[Tensor, Tensor]:
    """Ids `[n 4 l]` of three captions and of no words, and their lengths `[n 4]`."""
    said = [caption for row in rows for caption in row["captions"]]
    ids_of = iter(reading.ids for reading in tokenizer.read_all(said, limit=limit))
    read = [[*(next(ids_of) for _ in row["captions"]), EMPTY] for row in rows]
    longest = max(len(ids) for four in read for ids in four)
    ids = torch.full((len(read), 4, longest), tokenizer.pad, dtype=torch.long)
    lengths = torch.zeros(len(read), 4, dtype=torch.long)
    for i, four in enumerate(read):
        for j, one in enumerate(four):
            ids[i, j, : len(one)] = torch.tensor(one)
            lengths[i, j] = len(one)
    return ids, lengths
