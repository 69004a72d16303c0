"""What an edit starts from. In: a film of ours, or any clip. Out: frames, latents and words that fit a model.

A film brings its stored latents; a clip is brought to the model's rate and size, and that is told.
f latent frames; latent frame i spans the video frames 4i-3 to 4i, and latent 0 the first frame alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.errors import UsageError
from kinora.core.shape import LatentShape, PixelShape
from kinora.denoise.canvas import Canvas, blank
from kinora.denoise.condition import Reference, View, Words, apply_all
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, lay_out
from kinora.media.image import cover

PLAIN = 12
"""Largest difference, of 255, between the pixels of a picture that shows nothing."""
LARGE = 2.5
"""Clips of more than so many times the model's own area are scaled down to it."""


@dataclass(frozen=True, eq=False)
class Source:
    """A clip whose latents are known.

    Args:
        clip: the frames to keep, as many as the latents span.
        latents: `[f c h w]`.
        prompts: the words of its shots.
        text: `[f]` which of the prompts each latent frame listened to.
        view: `[f]` which camera.
        step: seconds between two latent frames.
        references: `[n c h w]` characters, outside time; n may be 0.
        told: what was converted, one sentence each.
    """

    clip: Clip
    latents: Tensor
    prompts: tuple[str, ...]
    text: Tensor
    view: Tensor
    step: float
    references: Tensor
    told: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.latents)

    def canvas(self) -> Canvas:
        """Every latent frame, held, in its place."""
        frames = len(self)
        return Canvas(
            latents=self.latents,
            level=torch.zeros(frames),
            time=self.step * torch.arange(frames, dtype=torch.float32),
            view=self.view,
            text=self.text,
        )

    def fresh(self, frames: int, *, at: int, text: int = 0, view: int = 0) -> Canvas:
        """`frames` latent frames still to be dreamt, the first in the place of number `at`."""
        _, channels, height, width = self.latents.shape
        shape = LatentShape(frames, height, width)
        new = blank(shape, channels=channels, step=self.step, start=self.step * at)
        return new.with_(text=torch.full_like(new.text, text), view=torch.full_like(new.view, view))

    def showing(self) -> int:
        """Latent frames up to the last that shows anything: what is behind a card or the dark at the end is unknown.

        A clip that shows nothing at all is taken as it is.
        """
        plain = [bool(np.ptp(frame, axis=(0, 1)).max() <= PLAIN) for frame in self.clip.frames]
        if plain[-1] and not all(plain):
            last = len(plain) - 1 - plain[::-1].index(False)
            return -(-last // round(self.step * self.clip.fps)) + 1
        return len(self)

    def moving(self, verb: str) -> "Source":
        """Itself, unless it is a still: then `UsageError`."""
        if len(self) < 2:
            raise UsageError(
                f"a still cannot {verb}", remedy="Make a clip of it first with: kinora animate"
            )
        return self


@dataclass(frozen=True, eq=False)
class Worded(Clip):
    """Frames of a film whose latents are not at hand, or not this model's; its words are.

    Args:
        request: what it was made by: its conditions count latent frames.
        rate: frames a second of that film.
    """

    request: Request
    rate: float


def source(model: FilmModel, given: Film | Clip | Source, *, prompt: str = "") -> Source:
    """Whatever is given, as a source for this model.

    Args:
        model: the model that will edit.
        given: a film with its latents, a decoded clip, or a source.
        prompt: words for a clip, in place of any that it has.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, Clip):
        return of_clip(model, given, prompt=prompt)
    if given.latents.shape[1] != model.channels:
        clip = Worded(given.clip.frames, given.clip.fps, given.request, given.clip.fps)
        return of_clip(model, clip, prompt=prompt)
    return of_film(model, given)


def of_film(model: FilmModel, film: Film) -> Source:
    """A film with its stored latents, or new ones if its shots are cut, and the words of its shots."""
    stride, shown, told = model.stride, film.clip.frames, tuple[str, ...]()
    fits = in_step(model, film)
    if fits:
        shown = closed(shown, stride.pixel_frames(len(film.latents)))
    frames = (len(shown) - 1) // stride.time + 1
    pixels = stride.pixels(LatentShape(frames, *film.latents.shape[-2:]))
    kept, latents = Clip(shown[: pixels.frames], film.clip.fps), film.latents[:frames]
    if not fits:
        latents = model.encode(kept).cpu()
        told = ("the film has cuts: its frames are encoded",)
    if len(kept) < len(shown):
        told += (f"the last {len(shown) - len(kept)} of {len(shown)} frames were left out",)
    canvas = apply_all(lay_out(model, pixels), film.request.conditions)
    inside, outside = canvas.inside(), canvas.outside()
    return Source(
        clip=kept,
        latents=latents,
        prompts=film.request.prompts,
        text=inside.text,
        view=inside.view,
        step=stride.time / film.clip.fps,
        references=outside.latents,
        told=told,
    )


def in_step(model: FilmModel, film: Film) -> bool:
    """Whether the stored latents are those of the film as one clip.

    After a cut a shot begins with a latent of one frame, so a film with cuts has more of them than its
    frames fill; black has none. A loop shows one frame less than its latents, for that is its first one again.
    """
    if not film.whole:
        return False
    whole = model.stride.pixel_frames(len(film.latents))
    return len(film.clip) in {whole, whole - 1}


def closed(frames: Frames, whole: int) -> Frames:
    """The frames, of a loop that lacks the last of `whole` with its first one there: it begins again."""
    return np.concatenate([frames, frames[:1]]) if len(frames) == whole - 1 else frames


def of_clip(
    model: FilmModel, clip: Clip, *, prompt: str = "", size: tuple[int, int] | None = None
) -> Source:
    """Any clip, brought to the model's rate and to `(height, width)` or a size it can make, and encoded."""
    fitted, told = conform(model, clip, size=size)
    latents = model.encode(fitted).cpu()
    text = view = torch.zeros(len(latents), dtype=torch.long)
    prompts: tuple[str, ...] = (prompt,)
    if isinstance(clip, Worded) and not prompt:
        prompts = clip.request.prompts
        text, view = _heard(model, clip, len(latents))
    return Source(
        clip=fitted,
        latents=latents,
        prompts=prompts,
        text=text,
        view=view,
        step=model.stride.time / fitted.fps,
        references=latents[:0],
        told=told,
    )


def _heard(model: FilmModel, clip: Worded, count: int) -> tuple[Tensor, Tensor]:
    """Which words and camera each of `count` latent frames has, by the time at which the film had them.

    A latent frame of either is taken to span as many frames.
    """
    at = (torch.arange(count) * clip.rate / model.capabilities.fps).round().long()
    none = blank(LatentShape(int(at[-1]) + 1, 1, 1), channels=1, step=1.0)
    said = [each for each in clip.request.conditions if isinstance(each, Words | View)]
    then = apply_all(none, said)
    return then.text[at], then.view[at] * model.capabilities.views


def matched(
    model: FilmModel, first: Film | Clip | Source, second: Film | Clip | Source
) -> tuple[Source, Source]:
    """Both as sources, of one size if no more than one of them has latents that fix its own."""
    if isinstance(first, Clip) and not isinstance(second, Clip):
        b = source(model, second)
        return of_clip(model, first, size=(b.clip.height, b.clip.width)), b
    a = source(model, first)
    if isinstance(second, Clip):
        return a, of_clip(model, second, size=(a.clip.height, a.clip.width))
    return a, source(model, second)


def conform(
    model: FilmModel, clip: Clip, *, size: tuple[int, int] | None = None
) -> tuple[Clip, tuple[str, ...]]:
    """The clip at the model's rate, at `size` or the nearest one possible, and what was changed.

    Frames are repeated or left out, never mixed; pictures fill the size and are cut evenly.
    """
    fps = model.capabilities.fps
    wanted = max(1, round(len(clip) * fps / clip.fps)) if len(clip) > 1 else 1
    times = [min(len(clip) - 1, int(i * clip.fps / fps + 1e-6)) for i in range(wanted)]
    kept = model.stride.pixel_frames((wanted - 1) // model.stride.time + 1)
    height, width = size or natural_size(model, clip.height, clip.width)
    made = model.stride.snap(PixelShape(kept, height, width))
    frames = clip.frames[times[:kept]]
    told = []
    if clip.fps != fps and len(clip) > 1:
        told.append(f"{clip.fps:g} frames a second became {fps:g}")
    if (made.height, made.width) != (clip.height, clip.width):
        told.append(f"{clip.width}x{clip.height} became {made.width}x{made.height}")
        frames = torch.stack(
            [torch.from_numpy(cover(f, height=made.height, width=made.width)) for f in frames]
        ).numpy()
    if kept < wanted:
        told.append(f"the last {wanted - kept} of {wanted} frames were left out")
    return Clip(frames, fps), tuple(told)


def natural_size(model: FilmModel, height: int, width: int) -> tuple[int, int]:
    """The nearest `(height, width)` that can be made; scaled down to the area the model likes if far beyond."""
    likes, snap = model.capabilities, model.stride.snap_side
    excess = snap(height) * snap(width) / (likes.height * likes.width)
    scale = 1.0 if excess <= LARGE else excess**-0.5
    return snap(round(height * scale)), snap(round(width * scale))


def with_references(given: Source, references: Tensor) -> Source:
    """The source with characters `[n c h w]` to look at, beside those of the same size it has."""
    fits = given.references.shape[1:] == references.shape[1:]
    both = torch.cat([given.references, references]) if fits else references
    return replace(given, references=both)


def with_words(given: Source, words: str) -> Source:
    """The source with `words` in place of its own; with none it stays as it is."""
    return replace(given, prompts=(words,), text=given.text * 0) if words else given


def outside_time(given: Source, *, like: Tensor | None = None) -> Canvas | None:
    """The references as held frames outside time, or None.

    Args:
        given: the source.
        like: latents of the canvas they are to stand on, if it is of another size than the source;
            references of yet another size cannot, and are left out.
    """
    height, width = (given.latents if like is None else like).shape[-2:]
    if not len(given.references) or given.references.shape[-2:] != (height, width):
        return None
    none = blank(LatentShape(0, height, width), channels=given.latents.shape[1], step=given.step)
    return Reference(given.references).apply(none)
