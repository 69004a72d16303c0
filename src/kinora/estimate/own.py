"""A film of our own bundle, counted without its weights. In: its configs. Out: stages."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from kinora.autoencoder.model import Autoencoder
from kinora.autoencoder.stream import PART, TILE, rounded, tiles
from kinora.core.cost import Cost, Heap, bytes_of, count, weight_bytes
from kinora.core.errors import UnsupportedError
from kinora.core.machine import Machine, in_bf16, wished_precision
from kinora.core.shape import LatentShape
from kinora.denoise.canvas import Canvas, blank, join
from kinora.denoise.stream import Overlap, Stream, opening, window
from kinora.estimate.film import Estimate, Stage, Wish, stage
from kinora.flow.solver import Field
from kinora.flow.solver.euler import euler
from kinora.models.bundle import Bundle
from kinora.models.store import empty_bundle
from kinora.nn.convolution import TimeMemory
from kinora.text.encoder import TextEncoder
from kinora.transformer.model import Transformer

CPU, META = torch.device("cpu"), torch.device("meta")
SETTLED = 24
"""Chunks after which a stream's memory is as large as it gets."""

PROMPT = "a red ball bounces past a blue cube on grass at sunset"


def own(folder: Path, wish: Wish, *, machine: Machine) -> Estimate:
    """Predict a film of a bundle: all its networks are in memory from the first moment to the last.

    Raises:
        UnsupportedError: it is to be shared by several devices.
    """
    if wish.devices > 1:
        raise UnsupportedError(
            f"{folder.name} is our own and films on one device",
            remedy="Leave --gpus away, or name a published model",
        )
    with META:
        bundle = empty_bundle(folder)
    return counted(bundle, wish, machine=machine)


def blank_of(bundle: Bundle) -> Bundle:
    """The bundle's shapes, beside its weights."""
    with META:
        return replace(
            bundle,
            text=TextEncoder(bundle.text.config),
            transformer=Transformer(bundle.transformer.config),
            autoencoder=Autoencoder(bundle.autoencoder.config),
        )


def counted(bundle: Bundle, wish: Wish, *, machine: Machine, most: int | None = None) -> Estimate:
    """`own` of a bundle whose networks have shapes and no weights.

    Args:
        bundle: see `blank_of`.
        wish: the film.
        machine: where.
        most: latent frames to count; the memory of a longer film is told, its seconds are not.
    """
    latent = bundle.stride.latent(wish.shape)
    latent = replace(latent, frames=min(latent.frames, most or latent.frames))
    film = pixels(bundle, wish, most=None if wish.whole else PART)
    heap = Heap()
    read = count(lambda: bundle.read([PROMPT]), heap=heap)
    networks = (bundle.text, bundle.transformer, bundle.autoencoder)
    costs = (
        read,
        _dream(bundle, latent, wish, heap),
        _decode(bundle, latent, heap).beside(2 * film),
    )
    brief = machine.device == CPU.type and in_bf16(wished_precision(), CPU)
    machines = (machine, machine.in_bf16() if brief else machine, machine)
    names = ("text", "denoise", "decode")
    stages: list[Stage] = [
        stage(name, cost, where, weights=weight_bytes(network))
        for name, cost, where, network in zip(names, costs, machines, networks, strict=True)
    ]
    return Estimate(bundle.name, wish.shape, wish.steps, tuple(stages), together=True)


def pixels(bundle: Bundle, wish: Wish, *, most: int | None = None) -> int:
    """Bytes of a film's frames as it is drawn, of no more than so many latent frames."""
    shape, frames = wish.shape, wish.shape.frames
    if most is not None:
        frames = min(frames, bundle.stride.pixel_frames(most))
    return 3 * frames * shape.height * shape.width * bundle.times**2


def enough(bundle: Bundle) -> int:
    """Latent frames after which a film takes no more memory, but for its frames."""
    memory = bundle.index.memory
    full = memory.sinks + memory.window + memory.middle + memory.far
    return window(bundle) + full + memory.chunk


def _dream(bundle: Bundle, latent: LatentShape, wish: Wish, heap: Heap) -> Cost:
    """In one piece if it fits, else chunk by chunk, as `generate.dream` does it."""
    canvas = blank(latent, channels=bundle.channels, step=1.0)
    text = bundle.read([PROMPT])
    if len(canvas) <= window(bundle):
        voice: Stream = Overlap(bundle, text, wish.guidance)
        return _chunk(voice, canvas, wish.steps, heap)
    voice, total = opening(bundle, text, guidance=wish.guidance), Cost()
    chunks = canvas.split(voice.chunk)
    cost = Cost()
    for chunk in chunks[:SETTLED]:
        cost = _chunk(voice, chunk, wish.steps, heap)
        clean, kept = chunk.with_(level=torch.zeros_like(chunk.level)), list[Stream]()
        cost += count(partial(_keep, voice.after, clean, kept), heap=heap)
        voice, total = kept[0], total + cost
    return total + cost * max(0, len(chunks) - SETTLED)


def _keep(after: Callable[[Canvas], Stream], done: Canvas, kept: list[Stream]) -> None:
    """Only what is counted may ask meta tensors whether they are all the same."""
    kept.append(after(done))


def _chunk(voice: Stream, chunk: Canvas, steps: int, heap: Heap) -> Cost:
    canvas = chunk if voice.context is None else join([voice.context, chunk])
    x = torch.empty(canvas.latents.shape, device=META)
    here = canvas.level.to(META)

    prepared: list[Field] = []

    def step() -> object:
        return euler(prepared[0], x, here, here)

    def begin() -> object:
        prepared.append(voice.velocity(canvas))
        return step()

    # In the first step the heap grows to what all steps need.
    first = count(begin, heap=heap)
    cost = first if steps == 1 else first + count(step, heap=heap) * (steps - 1)
    return cost.beside(3 * bytes_of([x]))


def _decode(bundle: Bundle, latent: LatentShape, heap: Heap) -> Cost:
    """Parts of a few latents, tile by tile; what a tile carries on to the next part stays."""
    autoencoder, edge = bundle.autoencoder, bundle.autoencoder.reach
    sizes = Counter(
        (row.high - row.low, column.high - column.low)
        for row in tiles(latent.height, TILE, edge)
        for column in tiles(latent.width, TILE, edge)
    )

    def draw(z: Tensor, memory: TimeMemory) -> Tensor:
        return rounded(autoencoder.decode(z, memory)[0])

    total, carried = Cost(), 0
    for (height, width), times in sizes.items():
        memory = TimeMemory()
        for start in range(0, latent.frames, PART):
            frames = min(PART, latent.frames - start)
            z = torch.empty(1, frames, bundle.channels, height, width, device=META)
            total += count(partial(draw, z, memory), heap=heap) * times
        carried += times * bytes_of(memory.slots.values())
    return total.beside(carried)
