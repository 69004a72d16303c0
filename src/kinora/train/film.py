"""Learning to dream. In: latent clips with captions. Out: a transformer and its text encoder.

A light head reads from the middle of the network what stands where: the simulator's truth in place of
pretrained features (REPA, arXiv:2410.06940).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from kinora.core.seed import torch_generator
from kinora.data.pool import Pool
from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.flow.path import PathSample, sample_path
from kinora.text.encoder import TextConfig, TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.train.autoencoder import COLOURS, KINDS
from kinora.train.lessons import FilmBatch, Lessons, LessonsConfig
from kinora.transformer.model import Transformer, TransformerConfig
from kinora.transformer.place import Place

Weighting = Literal["velocity", "data", "noise"]


class FilmTaskConfig(LessonsConfig):
    """What is learnt, and what counts how much.

    Args:
        transformer, text: sizes; `text.vocabulary` is filled in from the tokenizer.
        weighting: which error counts evenly at every level: that of the velocity, of the clean data
            that it points at, or of the noise.
        align: weight of the aligning head.
        contrast: weight of pushing away from another clip's velocity (arXiv:2506.05350).
    """

    transformer: TransformerConfig = TransformerConfig()
    text: TextConfig = TextConfig()
    weighting: Weighting = "velocity"
    align: float = 0.1
    contrast: float = 0.0


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
        self.config, self.seed = config, seed
        self.step_seconds = step_seconds
        torch.manual_seed(seed)
        self.text = TextEncoder(config.text)
        self.transformer = Transformer(config.transformer)
        self.head = nn.Linear(
            config.transformer.width, config.transformer.patch**2 * (KINDS + COLOURS)
        )
        networks = {"text": self.text, "transformer": self.transformer, "head": self.head}
        self.networks = nn.ModuleDict(networks).to(device)
        self.lessons = Lessons(
            config, pools, tokenizer,
            patch=config.transformer.patch, limit=config.text.limit, seed=seed,
        )  # fmt: skip
        self._middle: Tensor
        block = self.transformer.blocks[config.transformer.depth // 2 - 1]
        block.register_forward_hook(self._remember)

    def _remember(self, _: nn.Module, __: Any, output: tuple[Tensor, Any]) -> None:
        self._middle = output[0]

    def batch(self, step: int) -> FilmBatch:
        """Clips of one bucket, a window of each, and one of its captions or none."""
        return self.lessons.batch(step)

    def place(
        self, cameras: Tensor, frames: int, *, portraits: int = 0, streams: bool = False
    ) -> Place:
        """Clips of `frames` frames from `cameras` `[b v]`, each with words of its own.

        Portraits in front of them are outside time, and a stream has seen them before it begins.
        """
        clips, sides = cameras.shape
        number = torch.arange(frames, device=cameras.device)
        time = F.pad(self.step_seconds * number.repeat(sides), (portraits, 0), value=OUTSIDE_TIME)
        chunk = F.pad(number // self.config.chunk, (portraits, 0), value=-1)
        return replace(
            Place.single(time, batch=clips),
            view=F.pad(cameras.repeat_interleave(frames, 1), (portraits, 0)),
            chunk=chunk.expand(clips, -1) if streams else None,
        )

    def loss(self, batch: FilmBatch, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Velocity error over dreamt frames, and the aligning head's cross-entropy."""
        x = batch.latents
        clips, cameras = batch.cameras.shape
        frames = (x.shape[1] - batch.portraits) // cameras
        streams = cameras == 1 and self.lessons.streams(frames, step)
        level = self.lessons.levels(clips, frames, step, cameras=cameras, streams=streams)
        level = F.pad(level, (batch.portraits, 0))
        # Drawn where it is needed: on a GPU the step would otherwise wait for the CPU.
        g = torch_generator(self.seed, "noise", step, device=x.device)
        noise = torch.randn(x.shape, generator=g, device=x.device)
        sample = sample_path(x, noise, level.to(x))
        place = self.place(batch.cameras, frames, portraits=batch.portraits, streams=streams)
        words = self.transformer.read(self.text(batch.ids, batch.mask))
        prediction = self.transformer(sample.x, sample.level, place, words)
        velocity = dreamt_error(prediction, sample)
        counted = dreamt_error(prediction, sample, weighting=self.config.weighting)
        align = self.align(batch.labels)
        loss = counted + self.config.align * align
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


def dreamt_error(
    prediction: Tensor, sample: PathSample, *, weighting: Weighting = "velocity"
) -> Tensor:
    """Mean squared error over the frames that are not known.

    Clean data is x + s v and noise x - (1 - s) v, so their squared errors are those of the velocity
    times s^2 and (1 - s)^2 (Salimans and Ho 2022, arXiv:2202.00512, have all three).
    """
    level = sample.level
    factors = {"velocity": torch.ones_like(level), "data": level, "noise": 1 - level}
    weight = (level > 0).to(prediction.dtype) * factors[weighting].square()
    error = (prediction - sample.velocity).square().mean((-3, -2, -1))
    return (error * weight).sum() / weight.sum()
