"""A film block by block, for weights taught to stream. In: a network call, words. Out: a `Stream` with a memory.

Every block is dreamt behind what the network remembers of the clean frames before it; then one more pass over
the block, clean, adds it to the memory (Self-Forcing, arXiv:2506.08009, algorithm 2).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from kinora.denoise.canvas import Canvas
from kinora.flow.solver import Field
from kinora.open_weights.past import Keep, Layer, Past

BLOCK = 3
"""Latent frames of a block in the published checkpoints."""

WINDOW = 21
"""Latent frames that see each other at most, a block and what is remembered."""


class Call(Protocol):
    """One network call; what the layers made of its frames is handed to `keep`."""

    def __call__(
        self,
        x: Tensor,
        level: Tensor,
        shot: int,
        past: Past,
        *,
        keep: Keep | None = None,
    ) -> Tensor:
        """`[f c h w]` and levels -> the velocity under the words of a shot."""
        ...


@dataclass(frozen=True, eq=False)
class Blocks:
    """A stream through published weights.

    Args:
        call: of the network.
        check: raises for a canvas that the network cannot make.
        past: what it remembers.
    """

    call: Call
    check: Callable[[Canvas], None]
    past: Past = Past()

    context: None = None

    @property
    def chunk(self) -> int:
        """Latent frames to dream at once."""
        return BLOCK

    def velocity(self, canvas: Canvas) -> Field:
        """The velocity of the next block; a frame listens to its own shot."""
        self.check(canvas)

        @torch.inference_mode()
        def field(x: Tensor, level: Tensor) -> Tensor:
            shots = sorted(set(canvas.text.tolist()))
            heard = self.call(x, level, shots[0], self.past)
            for shot in shots[1:]:
                mine = (canvas.text == shot)[:, None, None, None]
                heard = torch.where(mine, self.call(x, level, shot, self.past), heard)
            return heard

        return field

    @torch.inference_mode()
    def after(self, done: Canvas) -> "Blocks":
        """The memory with these clean frames in it, block by block; each as its first frame's words have it."""
        voice = self
        for part in done.split(BLOCK):
            made: list[tuple[Layer, ...]] = []
            clean = torch.zeros(len(part))
            shot = int(part.text[0])
            voice.call(part.latents, clean, shot, voice.past, keep=made.append)
            past = voice.past.then(made[0], frames=len(part), most=WINDOW - BLOCK)
            voice = replace(voice, past=past)
        return voice
