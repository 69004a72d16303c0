"""A finished dream as a file. In: latents and words, perhaps frames. Out: what the next edit goes on from.

Everything comes back to the last bit. Frames are kept only where they are not just what the decoder
makes of the latents, as after an edit, whose untouched frames are those of its source.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.timeline.source import Source, closed, of_clip, of_film

PROMPTS = "prompts"


@dataclass(frozen=True, eq=False)
class Reel:
    """What is kept of a film.

    Args:
        prompts: the words of its shots.
        latents: `[f c h w]`; none (`f` 0) for a film of several pieces, which was never one canvas.
        text: `[f]` which of the prompts each latent frame listened to.
        view: `[f]` which camera.
        references: `[n c h w]` characters that it looked at; n may be 0.
        frames: `[t h w 3]` as made, or None for what the decoder makes of the latents.
    """

    prompts: tuple[str, ...]
    latents: Tensor
    text: Tensor
    view: Tensor
    references: Tensor
    frames: Frames | None = None

    def write(self, file: Path) -> None:
        """Keep it in `file`."""
        named = ("latents", "text", "view", "references")
        tensors = {name: getattr(self, name).contiguous().cpu() for name in named}
        if self.frames is not None:
            tensors["frames"] = torch.from_numpy(np.ascontiguousarray(self.frames))
        save_file(tensors, file, metadata={PROMPTS: json.dumps(self.prompts)})

    def source(self, model: FilmModel) -> Source:
        """What an edit starts from: as many frames as the latents span."""
        frames = self.shown(model)
        rate = model.capabilities.fps
        if not len(self.latents):
            return of_clip(model, Clip(frames, rate), prompt=self.prompts[0])
        stride = model.stride
        frames = closed(frames, stride.pixel_frames(len(self.latents)))
        count = min(len(self.latents), (len(frames) - 1) // stride.time + 1)
        return Source(
            clip=Clip(frames[: stride.pixel_frames(count)], rate),
            latents=self.latents[:count],
            prompts=self.prompts,
            text=self.text[:count],
            view=self.view[:count],
            step=stride.time / rate,
            references=self.references,
        )

    def shown(self, model: FilmModel) -> Frames:
        """Frames `[t h w 3]` as made."""
        if self.frames is not None:
            return self.frames
        return np.concatenate(list(model.decode(self.latents)))


def read_reel(file: Path) -> Reel:
    """The reel in a file that `Reel.write` wrote."""
    with safe_open(file, framework="pt") as kept:
        # A copy of each: a file's tensors lie where the file has them, and on another alignment a
        # matrix product may round otherwise, which would make another film.
        tensors = {name: kept.get_tensor(name).clone() for name in kept.keys()}  # noqa: SIM118
        prompts = tuple(json.loads(kept.metadata()[PROMPTS]))
    frames = tensors.pop("frames", None)
    return Reel(prompts=prompts, frames=None if frames is None else frames.numpy(), **tensors)


def reel_of(model: FilmModel, film: Film) -> Reel:
    """A film that an edit made."""
    known = of_film(model, film)
    return Reel(
        prompts=known.prompts,
        latents=known.latents,
        text=known.text,
        view=known.view,
        references=known.references,
        frames=film.clip.frames,
    )
