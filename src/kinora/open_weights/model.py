"""A published model as a `FilmModel`. In: a family and its networks. Out: words, velocities, frames."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import torch
from einops import rearrange, reduce
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.errors import UnsupportedError, UsageError
from kinora.core.shape import LatentShape, Stride
from kinora.denoise.canvas import OUTSIDE_TIME, Canvas
from kinora.denoise.model import Capabilities, Read
from kinora.flow.guidance import classifier_free
from kinora.flow.solver import Field
from kinora.open_weights.blocks import Blocks
from kinora.open_weights.codec import Codec
from kinora.open_weights.crew import Crew
from kinora.open_weights.family import Family, Moment, Prepared, Words
from kinora.open_weights.past import Keep, Past, looking_back
from kinora.open_weights.remember import Memory, heard_again, recalling
from kinora.open_weights.shelf import Shelf


@dataclass(frozen=True, eq=False)
class OpenModel:
    """A family's description and the networks of one folder.

    Args:
        family: what its networks expect.
        shelf: loads them.
        outside: what was done to them without changing them.
    """

    family: Family
    shelf: Shelf
    outside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Hub id or folder."""
        return self.shelf.folder.name

    @property
    def stride(self) -> Stride:
        """Pixels to latents to tokens."""
        return self.family.stride

    @property
    def channels(self) -> int:
        """Latent channels."""
        return self.family.channels

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self.family.capabilities

    @property
    def told(self) -> Mapping[str, Any]:
        """For a sidecar: what was done from outside, and weights that are not whole, by wish or for want of room."""
        weights = self.shelf.placement.weights
        return self.outside if weights == "whole" else {**self.outside, "quantise": weights}

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever sees the film should know of its weights."""
        weights = self.shelf.placement.weights
        if weights == "whole":
            return ()
        return (f"weights quantised to {weights}: it differs from the film of the whole ones",)

    @cached_property
    def codec(self) -> Codec:
        """The video compression network."""
        return self.family.codec(self.shelf)

    @cached_property
    def crew(self) -> Crew:
        """Who calls its transformers."""
        return Crew(self)

    def checksums(self) -> dict[str, str]:
        """File name -> sha256 of every weights file."""
        from kinora.open_weights.sums import checksums

        found = checksums(self.shelf.folder)
        if self.told:
            # A dream that was begun without it is another dream.
            told = json.dumps(self.told, sort_keys=True).encode()
            found["outside"] = hashlib.sha256(told).hexdigest()
        return found

    def read(self, prompts: Sequence[str], *, negative: str = "") -> Read:
        """Words of every shot; the last entry is what guidance pushes away from."""
        states = self.family.read(self.shelf, [*prompts, negative])
        self.shelf.done_reading()
        return Read(states=states)

    def schedule(self, canvas: Canvas, *, steps: int, shift: float | None) -> Tensor:
        """The levels this model was tuned for."""
        return self.family.schedule(steps=steps, shape=_shape(canvas), shift=shift)

    def velocity(self, canvas: Canvas, text: Read, *, guidance: float) -> Field:
        """The guided velocity; a frame listens to its own shot, one pass per shot.

        Raises:
            UnsupportedError: the canvas holds several cameras or frames outside time.
        """
        _check(self, canvas)
        self.crew.check(_shape(canvas))
        prepared = self.family.prepare(self.shelf, self.codec, canvas)
        if self.family.embedded:
            told = {**prepared.arguments, "guidance": torch.tensor([1000 * guidance])}
            prepared, guidance = replace(prepared, arguments=told), 1.0
        self.shelf.new_canvas()
        shots = sorted(set(canvas.text.tolist()))
        memories: defaultdict[tuple[str, int], Memory] = defaultdict(Memory)

        @torch.inference_mode()
        def velocity(x: Tensor, level: Tensor) -> Tensor:
            expert, scale = self._expert(level, guidance)

            def under(prompt: int) -> Tensor:
                words, memory = text.states[prompt], memories[expert, prompt]
                return self.one_pass(expert, x, level, words, prepared, memory, name=f"{prompt}")

            heard = under(shots[0])
            for shot in shots[1:]:
                heard = torch.where((canvas.text == shot)[:, None, None, None], under(shot), heard)
            return heard if scale == 1 else classifier_free(heard, under(-1), scale)

        return velocity

    def begin(self, text: Read, *, guidance: float) -> Blocks:
        """A stream through weights that were taught to stream.

        Raises:
            UsageError: it is to be guided, and was taught to do without.
        """
        if guidance != 1:
            raise UsageError(
                f"{self.name} was taught to follow its words without guidance",
                remedy="Use --guidance 1",
            )
        memories: defaultdict[int, Memory] = defaultdict(Memory)

        def call(
            x: Tensor, level: Tensor, shot: int, past: Past, *, keep: Keep | None = None
        ) -> Tensor:
            words, memory = text.states[shot], memories[shot]
            return self.one_pass(
                "transformer", x, level, words, Prepared(), memory, name=f"{shot}",
                past=past, keep=keep,
            )  # fmt: skip

        self.shelf.new_canvas()
        return Blocks(call, partial(_check, self))

    def encode(self, clip: Clip) -> Tensor:
        """A clip -> `[f c h w]`."""
        return self.codec.encode(clip)

    def decode(self, latents: Tensor) -> Iterator[Frames]:
        """Frames, chunk by chunk."""
        return self.codec.decode(latents)

    def _expert(self, level: Tensor, guidance: float) -> tuple[str, float]:
        experts = self.family.experts
        if experts is None or self.family.coordinates.time(level.max()) >= 1000 * experts.boundary:
            return "transformer", guidance
        return "transformer_2", guidance * experts.guidance

    def one_pass(
        self,
        expert: str,
        x: Tensor,
        level: Tensor,
        words: Words,
        prepared: Prepared,
        memory: Memory,
        *,
        name: str,
        past: Past | None = None,
        keep: Keep | None = None,
    ) -> Tensor:
        """One network call.

        Args:
            expert: which of the folder's transformers.
            x: `[f c h w]`.
            level: `[f]` or `[f h w]`.
            words: one prompt.
            prepared: what the network is told of known frames.
            memory: what it made of these words before.
            name: of this prompt, for a step cache.
            past: what a streaming network remembers of the frames before these.
            keep: is given what its layers made of these frames.

        Returns:
            Data minus noise `[f c h w]`, float32.
        """
        family, network = self.family, self.crew.network(expert)
        y = family.coordinates.enter(x, level)
        joined = y if prepared.channels is None else torch.cat([y, prepared.channels.to(y)], 1)
        frames, _, height, width = x.shape
        shape = LatentShape(frames, height, width)
        moment = Moment(shape, family.coordinates.time(level), family.capabilities.fps)
        arguments = {**words, **prepared.arguments, **family.arguments(moment)}
        device = self.shelf.placement.device
        put = partial(placed, network=network, device=device)
        given = {
            "hidden_states": put(rearrange(joined, f"f c h w -> {family.layout}")),
            "timestep": timestep(moment, family).to(device),
            **{key: put(value) for key, value in arguments.items()},
        }
        context = getattr(network, "cache_context", nullcontext)
        heard, called = recalling(network, memory), self.crew.calling(expert, given, memory)
        with context(name), called, heard, looking_back(network, past) as eyes:
            raw = network(**heard_again(given, memory), return_dict=False)[0]
            if keep is not None:
                keep(tuple(eye.seen() for eye in eyes))
        output = rearrange(
            raw.float().to(x.device), f"{family.layout} -> f c h w", f=frames, h=height, w=width
        )
        return family.coordinates.leave(y, output, level)


def timestep(moment: Moment, family: Family) -> Tensor:
    """The time as fine as the network takes it: `[1]`, `[1 f]` or `[1 n]`."""
    time = moment.time
    if family.grain == "clip" or (family.grain == "token" and bool((time == time.max()).all())):
        return time.max()[None]
    if family.grain == "frame":
        return (time if time.ndim == 1 else time.amax((-2, -1)))[None]
    if time.ndim == 1:
        time = time[:, None, None].expand(-1, moment.shape.height, moment.shape.width)
    patch = family.stride.patch
    return reduce(time, "f (h p) (w q) -> 1 (f h w)", "max", p=patch, q=patch)


def placed(value: Any, network: Any, device: torch.device) -> Any:
    """Tensors where the network computes; floating ones in its precision."""
    if isinstance(value, tuple):
        return tuple(placed(each, network, device) for each in value)
    if not isinstance(value, Tensor):
        return value
    return value.to(device, network.dtype if value.is_floating_point() else value.dtype)


def _shape(canvas: Canvas) -> LatentShape:
    _, _, height, width = canvas.latents.shape
    return LatentShape(len(canvas), height, width)


def _check(model: OpenModel, canvas: Canvas) -> None:
    if (canvas.view != canvas.view[0]).any():
        raise UnsupportedError(
            f"{model.name} knows one camera only", remedy="Make each angle as a film of its own"
        )
    if (canvas.time == OUTSIDE_TIME).any():
        raise UnsupportedError(
            f"{model.name} was not trained on references outside time",
            remedy="Hold the character's picture as the first frame instead",
        )
