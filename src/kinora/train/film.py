"""Learning to dream. In: latent clips with captions. Out: a transformer and its text encoder.

Every latent frame has a noise level of its own (diffusion forcing, arXiv:2407.01392), drawn from the
mixtures that the studio's edits need. A light head reads from the middle of the network what stands
where: the simulator's truth in place of pretrained features (REPA, arXiv:2410.06940).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.core.config import Config
from kinora.core.seed import torch_generator
from kinora.data.pool import Pool
from kinora.flow.path import PathSample, sample_path
from kinora.text.encoder import TextConfig, TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.train.autoencoder import COLOURS, KINDS
from kinora.train.levels import chunked, from_cameras, whole_or_known
from kinora.transformer.model import Transformer, TransformerConfig
from kinora.transformer.place import Place

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


class FilmTaskConfig(Config):
    """What is learnt, and what counts how much.

    Args:
        transformer, text: sizes; `text.vocabulary` is filled in from the tokenizer.
        stages: the curriculum.
        drop: share of clips that hear no words.
        captions: how often tags, sentence and paragraph are heard.
        known: how often the first frame, the first three, both ends are known, and how often every
            frame has a level of its own; the rest is dreamt as a whole.
        causal: share of batches of clips in which a frame sees only its own and earlier chunks, as
            it does in a stream.
        chunk: latent frames that a stream dreams at once.
        shift, clip_shift: of the training levels of stills and of clips. Frames that are alike tell of
            each other, so what happens in a clip is decided at more noise than what a still shows
            (arXiv:2403.03206, section 5.3.2, on pixels).
        align: weight of the aligning head.
        contrast: weight of pushing away from another clip's velocity (arXiv:2506.05350).
    """

    transformer: TransformerConfig = TransformerConfig()
    text: TextConfig = TextConfig()
    stages: tuple[Stage, ...]
    drop: float = 0.1
    captions: tuple[float, float, float] = (0.2, 0.65, 0.15)
    known: tuple[float, float, float, float] = (0.12, 0.15, 0.05, 0.1)
    causal: float = 0.0
    chunk: int = 3
    shift: float = 1.5
    clip_shift: float = 3.0
    align: float = 0.1
    contrast: float = 0.0


@dataclass(frozen=True, eq=False)
class FilmBatch:
    """`latents` `[b f c h w]`, `labels` `[b f h w 2]`, `ids` `[b l]`, their `mask`, `cameras` `[b v]`.

    The frames of v cameras stand one camera after the other.
    """

    latents: Tensor
    labels: Tensor
    ids: Tensor
    mask: Tensor
    cameras: Tensor


class FilmTask:
    """See the module.

    Args:
        config: what is learnt.
        pools: bucket name -> latents, labels and rows with three captions each.
        tokenizer: words to ids.
        seed: of everything random.
        step_seconds: seconds between two latent frames.
        device: where to learn.
    """

    def __init__(
        self,
        config: FilmTaskConfig,
        pools: Mapping[str, Pool],
        tokenizer: Tokenizer,
        *,
        seed: int,
        step_seconds: float = 0.5,
        device: str = "cpu",
    ) -> None:
        self.config, self.pools, self.seed = config, pools, seed
        self.step_seconds = step_seconds
        torch.manual_seed(seed)
        self.text = TextEncoder(config.text)
        self.transformer = Transformer(config.transformer)
        self.head = nn.Linear(
            config.transformer.width, config.transformer.patch**2 * (KINDS + COLOURS)
        )
        networks = {"text": self.text, "transformer": self.transformer, "head": self.head}
        self.networks = nn.ModuleDict(networks).to(device)
        self.words = {
            name: _tokenise(pool.rows, tokenizer, config.text) for name, pool in pools.items()
        }
        self.cameras = {
            name: torch.tensor([row.get("cameras", [0]) for row in pool.rows])
            for name, pool in pools.items()
        }
        self._middle: Tensor
        block = self.transformer.blocks[config.transformer.depth // 2 - 1]
        block.register_forward_hook(self._remember)

    def _remember(self, _: nn.Module, __: Any, output: tuple[Tensor, Any]) -> None:
        self._middle = output[0]

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
        cameras = self.cameras[name]
        sides, each = cameras.shape[1], latents.shape[1] // cameras.shape[1]
        frames = min(stage.latents, each)
        taken = (each * torch.arange(sides)[:, None] + torch.arange(frames)).flatten()
        patch = self.config.transformer.patch
        per_clip = len(taken) * latents.shape[3] * latents.shape[4] // patch**2
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
            labels=labels[picks][:, taken].long(),
            ids=ids[:, :longest].to(latents.device),
            mask=mask.to(latents.device),
            cameras=cameras[picks.cpu()].to(latents.device),
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

    def streams(self, frames: int, step: int) -> bool:
        """Whether the clips of this step are learnt as a stream shows them."""
        chance = float(torch.rand((), generator=torch_generator(self.seed, "streams", step)))
        return frames > self.config.chunk and chance < self.config.causal

    def place(self, cameras: Tensor, frames: int, *, streams: bool) -> Place:
        """Clips of `frames` frames from `cameras` `[b v]`, each with words of its own."""
        clips, sides = cameras.shape
        number = torch.arange(frames, device=cameras.device)
        place = Place.single(self.step_seconds * number.repeat(sides), batch=clips)
        chunk = (number // self.config.chunk).expand(clips, -1) if streams else None
        return replace(place, view=cameras.repeat_interleave(frames, 1), chunk=chunk)

    def loss(self, batch: FilmBatch, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Velocity error over dreamt frames, and the aligning head's cross-entropy."""
        x = batch.latents
        clips, cameras = batch.cameras.shape
        frames = x.shape[1] // cameras
        streams = cameras == 1 and self.streams(frames, step)
        level = self.levels(clips, frames, step, cameras=cameras, streams=streams)
        # Drawn where it is needed: on a GPU the step would otherwise wait for the CPU.
        g = torch_generator(self.seed, "noise", step, device=x.device)
        noise = torch.randn(x.shape, generator=g, device=x.device)
        sample = sample_path(x, noise, level.to(x))
        place = self.place(batch.cameras, frames, streams=streams)
        words = self.transformer.read(self.text(batch.ids, batch.mask))
        prediction = self.transformer(sample.x, sample.level, place, words)
        velocity = dreamt_error(prediction, sample)
        align = self.align(batch.labels)
        loss = velocity + self.config.align * align
        if self.config.contrast:
            other = sample.velocity.roll(1, 0)
            loss = loss - self.config.contrast * (prediction - other).square().mean()
        return loss, {"velocity": velocity, "align": align}

    def align(self, labels: Tensor) -> Tensor:
        """Kind and colour at each latent position, read from the middle block's tokens."""
        p = self.config.transformer.patch
        truth = rearrange(labels, "b f (h p) (w q) two -> b (f h w) (p q) two", p=p, q=p)
        said = self.head(self._middle).unflatten(-1, (p * p, KINDS + COLOURS))
        kinds, colours = said.flatten(0, 2).split([KINDS, COLOURS], dim=-1)
        loss: Tensor = F.cross_entropy(kinds, truth[..., 0].flatten())
        return loss + F.cross_entropy(colours, truth[..., 1].flatten())


def dreamt_error(prediction: Tensor, sample: PathSample) -> Tensor:
    """Mean squared velocity error over the frames that are not known."""
    dreamt = (sample.level > 0).to(prediction.dtype)
    error = (prediction - sample.velocity).square().mean((-3, -2, -1))
    return (error * dreamt).sum() / dreamt.sum()


def _tokenise(
    rows: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, config: TextConfig
) -> tuple[Tensor, Tensor]:
    """Ids `[n 4 l]` of three captions and of no words, and their lengths `[n 4]`."""
    read = [
        [*(tokenizer.read(c, limit=config.limit).ids for c in row["captions"]), EMPTY]
        for row in rows
    ]
    longest = max(len(ids) for four in read for ids in four)
    ids = torch.full((len(read), 4, longest), tokenizer.pad, dtype=torch.long)
    lengths = torch.zeros(len(read), 4, dtype=torch.long)
    for i, four in enumerate(read):
        for j, one in enumerate(four):
            ids[i, j, : len(one)] = torch.tensor(one)
            lengths[i, j] = len(one)
    return ids, lengths
