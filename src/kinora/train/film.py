"""Learning to dream. In: latent clips with captions. Out: a transformer and its text encoder.

A light head reads from the middle of the network what stands where: the simulator's truth in place of
pretrained features (REPA, arXiv:2410.06940).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from shutil import which
from typing import Any, Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from pydantic import Field
from torch import Tensor, nn

from kinora.core.errors import UnsupportedError
from kinora.core.seed import torch_generator
from kinora.data.pool import Pool
from kinora.flow.path import PathSample, sample_path
from kinora.text.encoder import TextConfig, TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.train.autoencoder import COLOURS, KINDS
from kinora.train.lessons import FilmBatch, Lessons, LessonsConfig
from kinora.train.motion import NOTHING, WAYS
from kinora.train.route import Route, Way
from kinora.train.width import rate_scales
from kinora.transformer.model import Transformer, TransformerConfig

Weighting = Literal["velocity", "data", "noise"]
SAID = (KINDS, COLOURS, WAYS, WAYS)
"""What the aligning head says of a latent position: kind, colour, the way across and the way down."""


class FilmTaskConfig(LessonsConfig):
    """What is learnt, and what counts how much.

    Args:
        transformer, text: sizes; `text.vocabulary` is filled in from the tokenizer.
        weighting: which error counts evenly at every level: that of the velocity, of the clean data
            that it points at, or of the noise.
        align: weight of the aligning head.
        motion: weight of what that head says of the way a thing goes, see `train.motion`.
        contrast: weight of pushing away from another clip's velocity (arXiv:2506.05350).
        route: share of the tokens that skip the middle blocks, see `train.route`; 0 for none.
        route_until: the step from which on no token skips; None for never.
        base_width: the transformer's width at which the rate was found, see `train.width`; None for its own.
    """

    transformer: TransformerConfig = TransformerConfig()
    text: TextConfig = TextConfig()
    weighting: Weighting = "velocity"
    align: float = 0.1
    motion: float = 0.0
    contrast: float = 0.0
    route: float = Field(default=0.0, ge=0.0, lt=1.0)
    route_until: int | None = None
    base_width: int | None = None


class Middle:
    """Remembers what a block put out; it holds nothing else, for the averaged networks copy it."""

    tokens: Tensor

    def __call__(self, _: nn.Module, __: Any, output: tuple[Tensor, Any]) -> None:
        """A forward hook: keep the block's tokens `[b n d]`."""
        self.tokens = output[0]


def film_networks(config: FilmTaskConfig) -> nn.ModuleDict:
    """The text encoder, the transformer and the aligning head."""
    sizes = config.transformer
    text, transformer = TextEncoder(config.text), Transformer(sizes)
    head = nn.Linear(sizes.width, sizes.patch**2 * sum(SAID))
    return nn.ModuleDict({"text": text, "transformer": transformer, "head": head})


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
        self.networks = film_networks(config).to(device)
        self.text: TextEncoder = self.networks["text"]  # type: ignore[assignment]
        self.transformer: Transformer = self.networks["transformer"]  # type: ignore[assignment]
        self.head: nn.Linear = self.networks["head"]  # type: ignore[assignment]
        self.lessons = Lessons(
            config, pools, tokenizer,
            patch=config.transformer.patch, limit=config.text.limit, seed=seed,
        )  # fmt: skip
        self.middle = Middle()
        block = self.transformer.blocks[config.transformer.depth // 2 - 1]
        block.register_forward_hook(self.middle)
        self.route = Route(self.transformer, share=config.route) if config.route else None

    @property
    def scales(self) -> Mapping[str, float]:
        """Parameter name -> share of the rate, where the rate was found at another width."""
        width = self.config.base_width
        if width is None:
            return {}
        sizes = self.config.transformer.model_copy(update={"width": width})
        with torch.device("meta"):
            narrow = film_networks(self.config.model_copy(update={"transformer": sizes}))
        return rate_scales(self.networks, narrow)

    def compile(self) -> None:
        """Translate the transformer for this machine: minutes once, then half as many more steps in an hour.

        Batches have some twenty shapes, masked or not; where sizes differ they are compiled for all.

        Raises:
            UnsupportedError: there is no C++ compiler.
        """
        if self.transformer.stem.merge.weight.device.type == "cpu" and not which("g++"):
            raise UnsupportedError(
                "compiling for the CPU needs a C++ compiler and there is no g++",
                remedy="Install g++, or train with --set compiled=false",
            )
        torch._dynamo.config.recompile_limit = 64
        for part in (self.transformer.stem, *self.transformer.blocks, self.transformer.head):
            part.compile()

    def batch(self, step: int) -> FilmBatch:
        """Clips of one bucket, a window of each, and one of its captions or none."""
        return self.lessons.batch(step)

    def loss(self, batch: FilmBatch, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Velocity error over dreamt frames, and the aligning head's cross-entropy."""
        x = batch.latents
        clips, cameras = batch.cameras.shape
        frames = len(batch.numbers)
        streams = cameras == 1 and self.lessons.streams(frames, step)
        level = self.lessons.levels(clips, frames, step, cameras=cameras, streams=streams)
        level = F.pad(level, (batch.portraits, 0))
        # Drawn where it is needed: on a GPU the step would otherwise wait for the CPU.
        g = torch_generator(self.seed, "noise", step, device=x.device)
        noise = torch.randn(x.shape, generator=g, device=x.device)
        sample = sample_path(x, noise, level.to(x))
        place = self.lessons.place(batch, step_seconds=self.step_seconds, streams=streams)
        words = self.transformer.read(self.text(batch.ids, batch.mask))
        with self.skipping(x, step) as way:
            prediction = self.transformer(sample.x, sample.level, place, words)
        velocity = dreamt_error(prediction, sample)
        counted = dreamt_error(prediction, sample, weighting=self.config.weighting)
        align, motion = self.align(batch.labels, way=way)
        loss = counted + self.config.align * align + self.config.motion * motion
        if self.config.contrast:
            other = sample.velocity.roll(1, 0)
            loss = loss - self.config.contrast * (prediction - other).square().mean()
        return loss, {"velocity": velocity, "align": align, "motion": motion}

    @contextmanager
    def skipping(self, latents: Tensor, step: int) -> Iterator[Way | None]:
        """Within it, a part of the tokens skips the middle blocks, if that is asked for in this step."""
        until = self.config.route_until
        if self.route is None or (until is not None and step >= until):
            yield None
            return
        clips, frames, _, height, width = latents.shape
        tokens = height * width // self.config.transformer.patch**2
        generator = torch_generator(self.seed, "route", step)
        with self.route.skipping(clips, frames, tokens, generator=generator, device=latents.device):
            yield self.route.way

    def align(self, truth: Tensor, *, way: Way | None = None) -> tuple[Tensor, Tensor]:
        """Cross-entropy of what stands at each latent position, and of how that moves.

        Args:
            truth: labels of a batch `[b f h w 4]`.
            way: says which of the tokens came to the middle, where some skip it.
        """
        p = self.config.transformer.patch
        truth = rearrange(truth, "b f (h p) (w q) four -> b (f h w) (p q) four", p=p, q=p)
        middle = self.middle.tokens
        if way is not None and middle.shape[1] != truth.shape[1]:
            truth = way(truth)
        said = self.head(middle).unflatten(-1, (p * p, sum(SAID))).flatten(0, 2).split(SAID, dim=-1)
        kind, colour, across, down = (
            F.cross_entropy(one, true, ignore_index=NOTHING, reduction="sum")
            / (true != NOTHING).sum().clamp(min=1)
            for one, true in zip(said, truth.flatten(0, 2).unbind(-1), strict=True)
        )
        return kind + colour, across + down


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
