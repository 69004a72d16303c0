"""A published model's film, counted by the library's own code on the meta device. In: configs. Out: stages."""

from dataclasses import replace
from functools import partial

import torch

from kinora.core.cost import Cost, Heap, bytes_of, count, weight_bytes
from kinora.core.machine import Machine
from kinora.core.shape import LatentShape, PixelShape
from kinora.denoise.canvas import Canvas, blank
from kinora.denoise.stream import led
from kinora.estimate.film import Estimate, Wish, stage
from kinora.open_weights.blocks import BLOCK, WINDOW
from kinora.open_weights.codec import Causal
from kinora.open_weights.family import Prepared, Words
from kinora.open_weights.folder import Folder
from kinora.open_weights.model import OpenModel
from kinora.open_weights.past import Layer, Past
from kinora.open_weights.quantised import Weights
from kinora.open_weights.remember import Memory
from kinora.open_weights.share import check_even, check_shared, held_whole, sent
from kinora.open_weights.skeleton import META, blind, heard, skeleton
from kinora.open_weights.stream import Tiling, stream


def published(
    folder: Folder, wish: Wish, *, machine: Machine, dtype: torch.dtype, weights: Weights = "whole"
) -> Estimate:
    """Predict a film of a published model.

    Args:
        folder: as for `skeleton`.
        wish: the film.
        machine: where.
        dtype: of the transformer and the text encoder.
        weights: how the transformer holds its linear ones.

    Raises:
        UnsupportedError: what the family computes depends on the words, or several devices cannot share it.
        UsageError: so many devices cannot share it.
    """
    model = skeleton(folder, dtype=dtype, weights=weights)
    brief = machine.in_bf16() if dtype == torch.bfloat16 else machine
    if wish.devices > 1:
        check_shared(folder, model.family, size=wish.devices)
    for name in ("text_encoder", *_experts(model), "vae"):
        model.shelf.get(name)  # before anything is counted: weights are told beside the work
    read = count(lambda: heard(model)) * wish.passes
    dreamt, group = _dream(model, wish), _group(model)
    drawn = _decode(model, wish.shape)
    stages = (
        stage("text", read, brief, weights=_weights(model, "text_encoder")),
        stage("denoise", dreamt, brief, weights=_weights(model, *_experts(model)), group=group),
        stage("decode", drawn, machine, weights=_weights(model, "vae")),
    )
    return Estimate(model.name, wish.shape, wish.steps, stages, weights=weights)


def _dream(model: OpenModel, wish: Wish) -> Cost:
    """All steps; in the first one the words are turned into keys and values, which then stay."""
    latent = model.stride.latent(wish.shape)
    canvas = blank(latent, channels=model.channels, step=1.0)
    canvas = led(canvas, frames=model.stride.lead(len(canvas)))
    with torch.inference_mode():
        words = heard(model)
    if model.capabilities.streams_only:
        return _block_by_block(model, canvas, words, steps=wish.steps)
    prepared, memory = blind(model, canvas), Memory()
    x = canvas.latents.to(META)
    # Networks with a finer clock look whether all levels are equal, so these must be real.
    level = torch.ones(len(canvas), device=META if model.family.grain == "clip" else "cpu")

    def one_pass() -> object:
        return model.one_pass("transformer", x, level, words, prepared, memory, name="estimate")

    heap = Heap()
    first = count(one_pass, heap=heap)
    told = [each for each in memory.told if each is not None]
    kept = bytes_of(t for each in told for pair in (each.words, each.pictures or ()) for t in pair)
    later = count(one_pass, heap=heap)
    share = part(model, later, canvas, devices=wish.devices)
    # What is done once, for the words, every device does for itself.
    once = replace(
        first + later * -1, peak=share.peak + first.peak - later.peak,
        held=share.held + first.held - later.held,
    )  # fmt: skip
    return (once + share * wish.steps).beside(kept) * wish.passes


def part(model: OpenModel, whole: Cost, canvas: Canvas, *, devices: int) -> Cost:
    """What one of several devices does of a pass."""
    if devices == 1:
        return whole
    network, stride = model.shelf.get("transformer"), model.stride
    frames, _, height, width = canvas.latents.shape
    check_even(LatentShape(frames, height, width), stride, size=devices)
    tokens = frames // stride.depth * (height // stride.patch) * (width // stride.patch)
    held, moved = held_whole(network, tokens), sent(network, tokens, size=devices)
    return whole.shared(devices, whole=held, moved=moved)


def _block_by_block(model: OpenModel, canvas: Canvas, words: Words, *, steps: int) -> Cost:
    """Every block in so many steps, and once more for the memory, until that is as large as it gets."""
    past, memory, heap, total = Past(), Memory(), Heap(), Cost()
    parts = canvas.split(BLOCK)
    for number, part in enumerate(parts):
        made: list[tuple[Layer, ...]] = []
        call = partial(
            model.one_pass, "transformer", part.latents.to(META), torch.ones(len(part)), words,
            Prepared(), memory, name="estimate", past=past,
        )  # fmt: skip
        cost = count(call, heap=heap) * steps
        cost += count(partial(call, keep=made.append), heap=heap)
        cost = cost.beside(bytes_of(each for layer in past.layers for each in layer))
        total += cost
        if past.frames == WINDOW - BLOCK:
            return total + cost * (len(parts) - number - 1)
        past = past.then(made[0], frames=len(part), most=WINDOW - BLOCK)
    return total


def _decode(model: OpenModel, shape: PixelShape) -> Cost:
    latent, vae = model.stride.latent(shape), model.shelf.get("vae")
    size = (1, model.channels, latent.frames, latent.height, latent.width)
    film = 3 * shape.frames * shape.height * shape.width
    if not isinstance(model.codec.decoder, Causal):
        vae.enable_tiling()
        return count(lambda: vae.decode(torch.empty(size, device=META)).sample).beside(film)
    tiling = model.codec.decoder.tiling or Tiling(max(size[3:]))
    high, wide = tiling.starts(latent.height), tiling.starts(latent.width)
    side = (min(tiling.side, latent.height), min(tiling.side, latent.width))

    def frames(number: int) -> Cost:
        part = torch.empty(*size[:2], number, *side, device=META)
        return count(lambda: [None for _ in stream(vae, part)])

    two, three = frames(min(2, latent.frames)), frames(min(3, latent.frames))
    tile = two + (three + two * -1) * max(0, latent.frames - 2)
    return (tile * (len(high) * len(wide))).beside(2 * film)  # bytes, then all of them in a row


def _group(model: OpenModel) -> int:
    """Bytes of a transformer of which two blocks are there: one at work, the next on its way."""
    network = model.shelf.get("transformer")
    blocks = [
        block
        for name, child in network.named_children()
        if "block" in name
        for block in child.children()
    ]
    sizes = [weight_bytes(block) for block in blocks]
    return weight_bytes(network) - sum(sizes) + 2 * max(sizes, default=0)


def _weights(model: OpenModel, *networks: str) -> int:
    return sum(weight_bytes(model.shelf.get(name)) for name in networks)


def _experts(model: OpenModel) -> tuple[str, ...]:
    return ("transformer",) if model.family.experts is None else ("transformer", "transformer_2")
