"""Where each latent frame stands and which words it hears. In: canvas fields. Out: a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Place:
    """Places of f latent frames in each of b clips.

    Args:
        time: `[b f]` seconds.
        view: `[b f]` which camera.
        text: `[b f]` which prompt of the whole batch the frame listens to.
        chunk: `[b f]` or None; with it a frame looks only at its own and earlier chunks.
        start: when `time` says zero, so many seconds of the film are over.
    """

    time: Tensor
    view: Tensor
    text: Tensor
    chunk: Tensor | None = None
    start: float = 0.0

    @staticmethod
    def single(time: Tensor, *, batch: int = 1) -> "Place":
        """One camera and one prompt per clip: `time` `[f]` for each of `batch` clips."""
        frames = time.shape[0]
        return Place(
            time=time.expand(batch, frames),
            view=torch.zeros(batch, frames, dtype=torch.long, device=time.device),
            text=torch.arange(batch, device=time.device)[:, None].expand(batch, frames),
        )

    def twice(self) -> "Place":
        """The same clips again behind themselves, each with the words that stand behind its own."""
        clips = len(self.time)
        chunk = None if self.chunk is None else self.chunk.repeat(2, 1)
        return Place(
            time=self.time.repeat(2, 1),
            view=self.view.repeat(2, 1),
            text=torch.cat([self.text, self.text + clips]),
            chunk=chunk,
            start=self.start,
        )
