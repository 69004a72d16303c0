"""The networks as one bundle. In: a folder of weights. Out: a `FilmModel` that reads, dreams and decodes.

The folder has the diffusers layout: `model_index.json`, and one folder per network with `config.json`
and `model.safetensors` (float16 on disk, float32 at work), `tokenizer/tokenizer.json`. `decoder_2x` and
`decoder_4x`, which draw larger, may be absent.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kinora.autoencoder.fine import FineConfig, FineDecoder, Large
from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.autoencoder.stream import Drawer, decode_parts, decode_stream, encode_stream
from kinora.core.clip import Clip, Frames
from kinora.core.errors import NotFoundError, UnsupportedError
from kinora.core.shape import Stride
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import Capabilities, FilmModel, Read
from kinora.flow.guidance import classifier_free
from kinora.flow.schedule import levels
from kinora.flow.solver import Field
from kinora.nn.lowrank import changed, difference
from kinora.text.encoder import TextConfig, TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.transformer.memory import OUTSIDE, Memory, MemoryConfig
from kinora.transformer.model import Past, Setting, Transformer, TransformerConfig
from kinora.transformer.place import Place

CLASS_NAME = "KinoraBundle"
NETWORKS = ("autoencoder", "text", "transformer")
CHANGE = "transformer/change.safetensors"
TIMES = (2, 4)
"""How much larger a fine decoder may draw."""
WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "kinora-tiny"


class Index(BaseModel):
    """`model_index.json`: what the bundle was made for and how it likes to be used.

    Args:
        name: model id.
        base: id of the model that this one is a change of; only what differs is stored, see `nn.lowrank`.
        drafts: id of the model, a change of this one, that drafts in its place.
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
    drafts: str | None = None
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
            steps=i.steps, guidance=i.guidance, shift=i.shift, times=self.times,
        )  # fmt: skip

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.autoencoder.mean.device

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

    def _run(self, x: Tensor, level: Tensor, setting: Setting) -> tuple[Tensor, Past]:
        one, levels = x.to(self.device)[None], level.to(self.device)[None]
        return self.transformer.run(one, levels, setting)

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


def sha256(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save_change(bundle: Bundle, base: Bundle, folder: Path, *, rank: int) -> Path:
    """Write of a bundle only how its transformer differs from that of `base`."""
    told = difference(base.transformer.state_dict(), bundle.transformer.state_dict(), rank)
    stored = _store(folder / CHANGE, told, bundle.transformer.settings())
    sums = {**base.index.sha256, CHANGE: stored}
    return _store_index(folder, bundle.index, base=base.name, sha256=sums)


def save_bundle(bundle: Bundle, folder: Path) -> Path:
    """Write a bundle as float16 safetensors in the diffusers folder layout."""
    parts: dict[str, Any] = {name: getattr(bundle, name) for name in NETWORKS}
    parts |= {_decoder(times): network for times, network in bundle.fine.items()}
    sums = {}
    for name, network in parts.items():
        file = f"{name}/model.safetensors"
        sums[file] = _store(folder / file, network.state_dict(), network.settings())
    (folder / "tokenizer").mkdir(exist_ok=True)
    bundle.tokenizer.save(folder / "tokenizer" / "tokenizer.json")
    return _store_index(folder, bundle.index, base=None, sha256=sums)


def _store(file: Path, tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> str:
    """Write float16 weights with `config.json` beside them; their sha256."""
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    save_file({key: value.half().contiguous().cpu() for key, value in tensors.items()}, file)
    return sha256(file)


def _store_index(folder: Path, index: Index, **changes: Any) -> Path:
    told = index.model_copy(update=changes).model_dump_json(indent=2)
    (folder / "model_index.json").write_text(told + "\n")
    return folder


N = TypeVar("N", bound=nn.Module)
C = TypeVar("C", bound=BaseModel)


def _read_json(file: Path, kind: type[C]) -> C:
    try:
        return kind.model_validate_json(file.read_bytes())
    except (OSError, ValidationError, ValueError) as error:
        raise NotFoundError(
            f"cannot read {file}", why=str(error).splitlines()[0], remedy="Fetch the model again"
        ) from error


def _settings(folder: Path, network: str, kind: type[C]) -> C:
    return _read_json(folder / network / "config.json", kind)


def _fill(network: N, folder: Path, expected: str | None) -> N:
    """The network with the folder's weights, after its checksum was found right."""
    file = folder / "model.safetensors"
    return _take(network, _tensors(file, expected), file).eval().requires_grad_(False)


def _take(network: N, state: Mapping[str, Any], file: Path) -> N:
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise NotFoundError(
            f"weights file {file} does not fit", why=str(error).splitlines()[0]
        ) from error
    return network


def _tensors(file: Path, expected: str | None) -> dict[str, Any]:
    """A file's tensors in float32, after its checksum was found right."""
    if not file.exists():
        raise NotFoundError(f"weights file {file} is missing", remedy="Fetch the model again")
    if expected is not None and sha256(file) != expected:
        raise NotFoundError(
            f"weights file {file} is damaged",
            why="its sha256 is not the one in model_index.json",
            remedy="Install Kinora again or fetch the model again",
        )
    try:
        return {key: value.float() for key, value in load_file(file).items()}
    except SafetensorError as error:
        raise NotFoundError(
            f"weights file {file} does not fit", why=str(error).splitlines()[0]
        ) from error


def _decoder(times: int) -> str:
    return f"decoder_{times}x"


def _fine(folder: Path, index: Index) -> dict[int, FineDecoder]:
    """The decoders that the folder holds, or that its index speaks of, without their weights."""
    there = [
        times
        for times in TIMES
        if (folder / _decoder(times)).exists()
        or f"{_decoder(times)}/model.safetensors" in index.sha256
    ]
    return {each: FineDecoder(_settings(folder, _decoder(each), FineConfig)) for each in there}


def empty_bundle(folder: Path) -> Bundle:
    """A bundle of a folder's shapes, its weights not read.

    Raises:
        NotFoundError: a file is missing or no configuration.
    """
    index = _read_json(folder / "model_index.json", Index)
    if index.base is not None:
        return replace(empty_bundle(_base(folder, index.base)), index=index)
    return Bundle(
        index=index,
        tokenizer=Tokenizer.load(folder / "tokenizer" / "tokenizer.json"),
        text=TextEncoder(_settings(folder, "text", TextConfig)),
        transformer=Transformer(_settings(folder, "transformer", TransformerConfig)),
        autoencoder=Autoencoder(_settings(folder, "autoencoder", AutoencoderConfig)),
        fine=_fine(folder, index),
    )


def _base(folder: Path, name: str) -> Path:
    """Where the model lies that the one in `folder` is a change of: beside it, or among those shipped."""
    for place in (folder.parent / name, WEIGHTS / name):
        if (place / "model_index.json").exists():
            return place
    raise NotFoundError(
        f"{folder} is a change of {name}, which is not there", remedy=f"Put {name} beside it"
    )


def _changed(base: Bundle, folder: Path, index: Index) -> Bundle:
    """The base, just read, with the folder's change made to its transformer."""
    if not base.index.sha256.items() <= index.sha256.items():
        raise NotFoundError(
            f"{folder} is a change of other weights of {base.name} than those that are there",
            remedy=f"Make it anew: kinora train few_steps_tiny --from {base.name}",
        )
    told = _tensors(folder / CHANGE, index.sha256.get(CHANGE))
    # The sums of the base are its own, so a change that was read whole fits it.
    _take(base.transformer, changed(base.transformer.state_dict(), told), folder / CHANGE)
    return replace(base, index=index)


def shipped(bundle: Bundle) -> bool:
    """Whether these very weights come with the package."""
    file = WEIGHTS / bundle.name / "model_index.json"
    return file.exists() and _read_json(file, Index).sha256 == bundle.index.sha256


def load_bundle(folder: Path) -> Bundle:
    """A bundle from its folder, every file checked against its sha256.

    Raises:
        NotFoundError: a file is missing, damaged or of another shape.
    """
    bundle = empty_bundle(folder)
    if bundle.index.base is not None:
        return _changed(load_bundle(_base(folder, bundle.index.base)), folder, bundle.index)
    parts: dict[str, nn.Module] = {name: getattr(bundle, name) for name in NETWORKS}
    parts |= {_decoder(times): network for times, network in bundle.fine.items()}
    for name, network in parts.items():
        expected = bundle.index.sha256.get(f"{name}/model.safetensors")
        _fill(network, folder / name, expected)
    return bundle
