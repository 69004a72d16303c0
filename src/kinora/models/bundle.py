"""The networks as one model. In: prompts, canvases, clips. Out: a `FilmModel` that reads, dreams and decodes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from kinora.autoencoder.fine import FineDecoder, Large
from kinora.autoencoder.model import Autoencoder
from kinora.autoencoder.stream import Drawer, decode_parts, decode_stream, encode_stream
from kinora.core.clip import Clip, Frames
from kinora.core.errors import NotFoundError, UnsupportedError
from kinora.core.machine import in_bf16, wished_precision
from kinora.core.shape import Stride
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import Capabilities, FilmModel, Read
from kinora.flow.guidance import classifier_free
from kinora.flow.schedule import levels
from kinora.flow.solver import Field
from kinora.nn.precision import with_brief_matrices
from kinora.text.encoder import TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.transformer.memory import OUTSIDE, Memory, MemoryConfig
from kinora.transformer.model import Past, Setting, Transformer
from kinora.transformer.place import Place

CLASS_NAME = "KinoraBundle"


class Index(BaseModel):
    """`model_index.json`: what the bundle was made for and how it likes to be used.

    Args:
        name: model id.
        base: id of the model that this one is a change of; only what differs is stored, see `nn.lowrank`.
        fps: frames a second.
        height, width: training size in pixels.
        steps: solver steps of draft, standard and best.
        guidance: default guidance scale.
        shift: default schedule shift.
        causal, views, references: what it was trained for.
        memory: what it remembers of a film that is streamed.
        sha256: file name -> checksum of every weights file, of the base's too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    class_name: str = CLASS_NAME
    name: str
    base: str | None = None
    fps: float = 8.0
    height: int = 160
    width: int = 256
    steps: tuple[int, int, int] = (8, 20, 40)
    guidance: float = 3.0
    shift: float = 2.0
    causal: bool = False
    views: bool = False
    references: bool = False
    memory: MemoryConfig = MemoryConfig()
    sha256: dict[str, str] = {}


@dataclass(frozen=True, eq=False)
class Bundle:
    """Tokenizer, text encoder, video transformer and video compression network.

    Args:
        fine: decoders that draw so many times the side, as far as there are any.
        times: which of them draws; 1 is the autoencoder itself.
    """

    index: Index
    tokenizer: Tokenizer
    text: TextEncoder
    transformer: Transformer
    autoencoder: Autoencoder
    fine: Mapping[int, FineDecoder] = field(default_factory=dict)
    times: int = 1

    @property
    def name(self) -> str:
        """Model id."""
        return self.index.name

    @cached_property
    def stride(self) -> Stride:
        """Pixels to latents to tokens."""
        base = self.autoencoder.stride
        return Stride(time=base.time, space=base.space, patch=self.transformer.config.patch)

    @property
    def channels(self) -> int:
        """Latent channels."""
        return self.autoencoder.config.channels

    @cached_property
    def capabilities(self) -> Capabilities:
        """What this model can do."""
        i = self.index
        return Capabilities(
            levels="region", hold="native", causal=i.causal, views=i.views, references=i.references,
            fps=i.fps, height=i.height, width=i.width,
            steps=i.steps, guidance=i.guidance, shift=i.shift, times=self.times, worldly=True,
        )  # fmt: skip

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.autoencoder.mean.device

    def on(self, device: torch.device) -> Self:
        """The same with its networks there; they are moved, not copied."""
        for network in (self.text, self.transformer, self.autoencoder, *self.fine.values()):
            network.to(device)
        return self

    def checksums(self) -> dict[str, str]:
        """File name -> sha256, as verified when the bundle was loaded."""
        return dict(self.index.sha256)

    @torch.inference_mode()
    def read(self, prompts: Sequence[str], *, negative: str = "") -> Read:
        """Keys and values of every shot's words; the last row is what guidance pushes away from."""
        limit = self.text.config.limit
        readings = [self.tokenizer.read(prompt, limit=limit) for prompt in (*prompts, negative)]
        longest = max(len(reading.ids) for reading in readings)
        ids = torch.full((len(readings), longest), self.tokenizer.pad)
        for row, reading in enumerate(readings):
            ids[row, : len(reading.ids)] = torch.tensor(reading.ids)
        ids = ids.to(self.device)
        words = self.transformer.read(self.text(ids, ids != self.tokenizer.pad))
        unknown = [word for reading in readings[:-1] for word in reading.unknown]
        return Read(states=words, not_understood=tuple(dict.fromkeys(unknown)))

    def schedule(self, canvas: Canvas, *, steps: int, shift: float | None) -> Tensor:
        """Levels from 1 to 0; the same for every size."""
        del canvas
        return levels(steps, amount=self.index.shift if shift is None else shift)

    def velocity(self, canvas: Canvas, text: Read, *, guidance: float) -> Field:
        """The guided velocity; with and without words run as a batch of two."""
        place = self.place(canvas, text, rows=1 if guidance == 1 else 2)
        setting = self._prepare(canvas, text, place)

        def field(x: Tensor, level: Tensor) -> Tensor:
            return _guided(self._run(x, level, setting)[0], guidance)

        return field

    def begin(self, text: Read, *, guidance: float) -> "Remembering":
        """A stream that remembers what it has shown, at constant memory."""
        return Remembering(self, text, guidance, Memory(self.index.memory))

    def place(self, canvas: Canvas, text: Read, *, rows: int, now: float = 0.0) -> Place:
        """Where the frames stand, seen from time `now`; the second row hears no words.

        A film that is extended backward begins before zero: with the first frame that is dreamt.
        """
        nothing = torch.full_like(canvas.text, text.states.pooled.shape[0] - 1)
        inside = (canvas.time > OUTSIDE).to(canvas.time)
        began = min(0.0, float((canvas.time * inside).min()))
        return Place(
            time=(canvas.time - now * inside).to(self.device).expand(rows, -1),
            view=canvas.view.to(self.device).expand(rows, -1),
            text=torch.stack([canvas.text, nothing][:rows]).to(self.device),
            start=now - began,
        )

    @torch.inference_mode()
    def _prepare(
        self, canvas: Canvas, text: Read, place: Place, past: Past | None = None
    ) -> Setting:
        return self.transformer.prepare(place, text.states, canvas.latents.shape[-2:], past)

    @cached_property
    def _brief(self) -> Transformer | None:
        """The transformer with matrices in bfloat16, to run under autocast; None where that is not wished, or slow."""
        there = torch.amp.is_autocast_available(self.device.type)  # not where shapes are counted
        if not (there and in_bf16(wished_precision(), self.device)):
            return None
        return with_brief_matrices(self.transformer)

    def _run(self, x: Tensor, level: Tensor, setting: Setting) -> tuple[Tensor, Past]:
        one, levels = x.to(self.device)[None], level.to(self.device)[None]
        if self._brief is None:
            return self.transformer.run(one, levels, setting)
        with torch.autocast(self.device.type, torch.bfloat16):
            velocity, past = self._brief.run(one, levels, setting)
        return velocity.float(), past

    @property
    def drawer(self) -> Drawer:
        """What turns latents into frames."""
        if self.times == 1:
            return self.autoencoder
        return Large(self.autoencoder, self.fine[self.times])

    def encode(self, clip: Clip) -> Tensor:
        """`[f c h w]` latents of a clip whose size the model can make."""
        return encode_stream(self.autoencoder, clip.frames)

    def decode(self, latents: Tensor) -> Iterator[Frames]:
        """Frames, chunk by chunk."""
        return decode_stream(self.drawer, latents.to(self.device))

    def decode_parts(self, parts: Iterable[Tensor]) -> Iterator[Frames]:
        """Frames of consecutive latents, the decoder going on from one part to the next."""
        return decode_parts(self.drawer, (part.to(self.device) for part in parts))


@dataclass(frozen=True, eq=False)
class Remembering:
    """A stream through `Bundle`: one clean pass over each chunk writes the bounded memory."""

    bundle: Bundle
    text: Read
    guidance: float
    memory: Memory

    context: None = None

    @property
    def chunk(self) -> int:
        """Latent frames to dream at once."""
        return self.memory.config.chunk

    def velocity(self, canvas: Canvas) -> Field:
        """The guided velocity of the next chunk, every time told relative to its first frame."""
        setting = self._prepare(canvas, now=float(canvas.time[0]))

        def field(x: Tensor, level: Tensor) -> Tensor:
            return _guided(self.bundle._run(x, level, setting)[0], self.guidance)

        return field

    def _prepare(self, canvas: Canvas, *, now: float) -> Setting:
        rows = 1 if self.guidance == 1 else 2
        place = self.bundle.place(canvas, self.text, rows=rows, now=now)
        return self.bundle._prepare(canvas, self.text, place, self.memory.past(now))

    @torch.inference_mode()
    def after(self, done: Canvas) -> "Remembering":
        """The memory with these clean frames in it, chunk by chunk."""
        voice, side = self, self.bundle.transformer.config.patch
        for part in done.split(self.chunk):
            now = float(part.time[0]) if float(part.time[0]) > OUTSIDE else 0.0
            clean, setting = torch.zeros(len(part)), voice._prepare(part, now=now)
            _, own = self.bundle._run(part.latents, clean, setting)
            rows, columns = (length // side for length in part.latents.shape[-2:])
            memory = voice.memory.add(own, rows=rows, columns=columns, now=now)
            voice = replace(voice, memory=memory)
        return voice


def _guided(velocity: Tensor, guidance: float) -> Tensor:
    """`[1|2 f c h w] -> [f c h w]`."""
    if len(velocity) == 1:
        return velocity[0]
    return classifier_free(velocity[0], velocity[1], guidance)


def enlarged(model: FilmModel, times: int) -> FilmModel:
    """The model as it draws `times` the side from the same latents.

    Raises:
        UnsupportedError: it is not of our own.
        NotFoundError: its folder has no decoder for that.
    """
    if times == 1:
        return model
    if not isinstance(model, Bundle):
        raise UnsupportedError(
            f"{model.name} has no decoder that draws larger", remedy="Leave out --hd"
        )
    if times not in model.fine:
        there = ", ".join(str(each) for each in sorted(model.fine))
        raise NotFoundError(
            f"{model.name} has no decoder that draws {times} times the side",
            why=f"it has one for {there}" if there else "it was trained without any",
            remedy=f"Train one: kinora train fine_{times}x_tiny --from {model.name}, "
            f"then --model runs/fine_{times}x_tiny/bundle",
        )
    return replace(model, times=times)
