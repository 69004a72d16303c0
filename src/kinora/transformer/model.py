"""The video transformer. In: noisy latents `[b f c h w]`, levels, places, words. Out: velocities.

b clips, f latent frames, c latent channels, h w latent positions, n = f h' w' tokens with
h' = h / patch, d width, l words of all shots together. Two attention modes over one set of weights:
every frame sees all (full), or only its own and earlier chunks (causal, with a memory).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange, repeat
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from kinora.nn.attention import KeyValue
from kinora.nn.embed import LevelEmbedding, PlaceEmbedding
from kinora.nn.norm import RMSNorm
from kinora.nn.rope import Axis, Rotation, angles
from kinora.nn.states import TextStates
from kinora.transformer.block import PARTS, Block, Looks
from kinora.transformer.place import Place
from kinora.transformer.stem import Head, Stem

HEAD_CHANNELS = 64
AXES = (Axis(8, 1.0, 128.0), Axis(4, 2.0, 16.0), Axis(10, 2.0, 64.0), Axis(10, 2.0, 64.0))
"""Time in seconds, view, row and column in units of `UNIT`: 32 rotating pairs, one head of 64 channels."""

UNIT = 2
"""Latent positions, whatever a token spans: a network of fine tokens may begin as one of coarse ones."""


class TransformerConfig(BaseModel):
    """Sizes of the video transformer; `width` is the dial, in heads of 64 channels.

    Args:
        channels: latent channels.
        width: channels of a token.
        depth: blocks; every second one looks at the words.
        stem: channels of the convolutions at latent resolution.
        patch: latent positions along the side of a token.
        context: width of the text states.
        placed: whether tokens are told where they stand; else they know distances alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: int = 48
    width: int = 256
    depth: int = 8
    stem: int = 96
    patch: int = 2
    context: int = 192
    placed: bool = False


@dataclass(frozen=True, eq=False)
class Words:
    """Text as the blocks need it: keys and values per looking block, computed once per shot.

    Args:
        heard: one entry per block, `[s a l e]` for s prompts, None where it does not look.
        mask: `[s l]`, True where a word stands.
        pooled: `[s d]` one vector per prompt, for the modulation.
    """

    heard: tuple[KeyValue | None, ...]
    mask: Tensor
    pooled: Tensor

    def of(self, text: Tensor, tokens: int) -> tuple[tuple[KeyValue | None, ...], Tensor]:
        """What the frames of b clips hear, and the mask `[b 1 n|1 l]` that keeps shots apart.

        Clips of one shot each look at their own words only; where shots change along time, all words
        stand in one row and the mask chooses.

        Args:
            text: `[b f]` which prompt each frame listens to.
            tokens: tokens of a frame.
        """
        if bool((text == text[:, :1]).all()):
            row = text[:, 0]
            own = tuple(
                None if kv is None else KeyValue(kv.key[row], kv.value[row]) for kv in self.heard
            )
            return own, self.mask[row][:, None, None]
        in_a_row = tuple(None if kv is None else kv.in_a_row() for kv in self.heard)
        prompts, length = self.mask.shape
        owner = torch.arange(prompts, device=text.device).repeat_interleave(length)
        allowed = (owner == text[..., None]) & self.mask.flatten()  # b f (s l)
        return in_a_row, allowed.repeat_interleave(tokens, 1)[:, None]


@dataclass(frozen=True, eq=False)
class Past:
    """What a stream remembers: keys and values per block and the places of their tokens `[1 m 4]`.

    Args:
        blocks: one entry per block, `[b a m e]`, keys not rotated.
        coordinates: where the tokens stand.
    """

    blocks: tuple[KeyValue, ...]
    coordinates: Tensor


def _turned(past: Past) -> tuple[KeyValue, ...]:
    """The memory with its keys rotated to their places: once for all steps that look at it."""
    turn = Rotation.by(angles(AXES, past.coordinates))
    return tuple(KeyValue(turn(block.key), block.value) for block in past.blocks)


@dataclass(frozen=True, eq=False)
class Setting:
    """What all steps over the same frames share: b clips of n tokens each.

    Args:
        coordinates: `[b n 4]`, where the tokens stand.
        placed: `[b n d]`, what they are told of that, or None.
        heard: keys and values of the words per block, None where it does not look.
        pooled: `[b f d]`, each frame's prompt as one vector.
        looks: rotations and masks.
        past: what is remembered per block `[b a m e]`, keys rotated.
    """

    coordinates: Tensor
    placed: Tensor | None
    heard: tuple[KeyValue | None, ...]
    pooled: Tensor
    looks: Looks
    past: tuple[KeyValue, ...] | None


class Transformer(nn.Module):
    """A diffusion transformer (Peebles and Xie 2022, arXiv:2212.09748) over spacetime patches."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        assert config.width % HEAD_CHANNELS == 0, config.width
        self.config = config
        heads = config.width // HEAD_CHANNELS
        self.stem = Stem(config.channels, config.stem, config.width, config.patch)
        self.level = LevelEmbedding(config.width)
        self.place = PlaceEmbedding(config.width) if config.placed else None
        self.pool = nn.Linear(config.context, config.width)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(config.width, PARTS * config.width))
        self.blocks = nn.ModuleList(
            Block(config.width, heads, config.context if i % 2 == 0 else None)
            for i in range(config.depth)
        )
        self.norm = RMSNorm(config.width)
        self.head = Head(config.channels, config.stem, config.width, config.patch)
        self._initialise()

    def _initialise(self) -> None:
        """Residual branches start near zero, so that a deep network starts as a shallow one."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.5 * module.in_features**-0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for block in self.blocks:
            assert isinstance(block, Block)
            nn.init.zeros_(block.mlp.outward.weight)
            nn.init.zeros_(block.attention.out.weight)
            if block.words is not None:
                nn.init.zeros_(block.words.out.weight)
            with torch.no_grad():  # gates start open: the zero matrices already close the branch
                block.bias.view(PARTS, -1)[[2, 5]] = 1.0
        nn.init.zeros_(self.modulation[1].weight)  # type: ignore[arg-type]  # a Linear's weight
        if self.place is not None:
            self.place.reset()

    def read(self, text: TextStates) -> Words:
        """States `[s l c]` of s prompts -> keys and values of their words."""
        heard = tuple(
            None if block.words is None else block.words.read(text.states)  # type: ignore[operator, union-attr]
            for block in self.blocks
        )
        return Words(heard=heard, mask=text.mask, pooled=self.pool(text.pooled()))

    def forward(self, x: Tensor, level: Tensor, place: Place, words: Words) -> Tensor:
        """`[b f c h w]`, levels `[b f]` or `[b f h w]` -> velocities `[b f c h w]`."""
        return self.run(x, level, self.prepare(place, words, x.shape[-2:]))[0]

    def prepare(
        self, place: Place, words: Words, size: Sequence[int], past: Past | None = None
    ) -> Setting:
        """Everything that no step changes: where tokens stand, what they hear, what they remember.

        Args:
            place: of b clips of f frames.
            words: of every shot.
            size: latent height and width.
            past: a memory of earlier frames that all tokens look at.
        """
        rows, columns = (length // self.config.patch for length in size)
        coordinates = self._coordinates(place, rows, columns)  # b n 4
        placed = None
        if self.place is not None:
            began = coordinates.new_tensor([place.start, 0.0, 0.0, 0.0])
            placed = self.place(coordinates + began)
        heard, words_mask = words.of(place.text, rows * columns)
        return Setting(
            coordinates=coordinates,
            placed=placed,
            heard=heard,
            pooled=words.pooled[place.text],
            looks=self._look(place, words_mask, coordinates, rows * columns),
            past=None if past is None else _turned(past),
        )

    def run(self, x: Tensor, level: Tensor, setting: Setting) -> tuple[Tensor, Past]:
        """As `forward` in a setting that was prepared, with this call's own memory out.

        A single clip `[1 f c h w]` may have a setting of several rows, which differ in their words only:
        what comes before the words is computed once.
        """
        _, f, _, h, w = x.shape
        b = setting.coordinates.shape[0]
        levels = level if level.ndim == 4 else repeat(level, "b f -> b f h w", h=h, w=w)

        features, tokens = self.stem(
            x.flatten(0, 1), levels.flatten(0, 1)
        )  # (b f) s h w, (b f) n' d
        tokens = rearrange(tokens, "(b f) n d -> b (f n) d", f=f).expand(b, -1, -1)  # b n d
        modulation = self._modulate(level, setting.pooled, h, w)  # b f m 6d
        if setting.placed is not None:
            tokens = tokens + setting.placed
        memories = []
        for i, block in enumerate(self.blocks):
            before = None if setting.past is None else setting.past[i]
            tokens, own = block(
                tokens, modulation, setting.looks, setting.heard[i], before
            )  # b n d
            memories.append(own)
        tokens = rearrange(self.norm(tokens), "b (f n) d -> (b f) n d", f=f)
        features = features.unflatten(0, (-1, f)).expand(b, -1, -1, -1, -1).flatten(0, 1)
        velocity = self.head(tokens, features)  # (b f) c h w
        return velocity.unflatten(0, (b, f)), Past(tuple(memories), setting.coordinates)

    def _modulate(self, level: Tensor, pooled: Tensor, height: int, width: int) -> Tensor:
        """`[b f m 6d]`: from each token's level (m of a frame, or one for all) and its frame's prompt."""
        if level.ndim == 4:
            rows, columns = height // self.config.patch, width // self.config.patch
            level = rearrange(level, "b f (h p) (w q) -> b f (h w) (p q)", h=rows, w=columns).mean(
                -1
            )  # b f n'
            condition = self.level(level) + pooled[:, :, None]
        else:
            condition = (self.level(level) + pooled)[:, :, None]
        modulation: Tensor = self.modulation(condition)
        return modulation

    def _coordinates(self, place: Place, rows: int, columns: int) -> Tensor:
        """`[b n 4]`: time, view, row, column of every token, the middle of the picture at zero."""
        b, f = place.time.shape
        side = self.config.patch / UNIT
        time = repeat(place.time, "b f -> b f h w", h=rows, w=columns)
        view = repeat(place.view, "b f -> b f h w", h=rows, w=columns)
        row = side * (torch.arange(rows, device=time.device) - (rows - 1) / 2)
        column = side * (torch.arange(columns, device=time.device) - (columns - 1) / 2)
        parts = [
            time,
            view.to(time),
            row.to(time)[:, None].expand(b, f, rows, columns),
            column.to(time).expand(b, f, rows, columns),
        ]
        return torch.stack(parts, dim=-1).flatten(1, 3)

    def _look(self, place: Place, words_mask: Tensor, coordinates: Tensor, tokens: int) -> Looks:
        """Rotations and masks, once for all blocks."""
        mask = None
        if place.chunk is not None:
            seen = place.chunk[:, None, :] <= place.chunk[:, :, None]  # b f f
            mask = seen.repeat_interleave(tokens, 1).repeat_interleave(tokens, 2)[:, None]
        turn = Rotation.by(angles(AXES, coordinates))
        return Looks(turn=turn, mask=mask, words_mask=words_mask)

    def settings(self) -> dict[str, Any]:
        """What `config.json` stores."""
        return self.config.model_dump()
