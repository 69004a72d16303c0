"""What a film will cost. In: a model, a size, a machine. Out: seconds and bytes by stage, before the start.

FLOPs and live tensors are counted on the meta device by the model's own code; a short calibration tells
what this machine makes of them.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from kinora.core.cost import Cost, count, weight_bytes
from kinora.core.errors import NotFoundError, OutOfMemoryError
from kinora.core.shape import PixelShape
from kinora.denoise.canvas import blank
from kinora.open_weights.codec import Causal
from kinora.open_weights.folder import Folder
from kinora.open_weights.hub import gigabytes
from kinora.open_weights.model import OpenModel
from kinora.open_weights.skeleton import META, blind, heard, skeleton
from kinora.open_weights.stream import Tiling, stream

CALIBRATION = Path("kinora") / "machine.json"


@dataclass(frozen=True)
class Machine:
    """What the calibration found.

    Args:
        device: its name.
        flops: a second, in a transformer block.
        memory: bytes of the device.
    """

    device: str
    flops: float
    memory: int


@dataclass(frozen=True)
class Stage:
    """One station of a film: `seconds`, `weights` bytes and `working` bytes beside them."""

    name: str
    seconds: float
    weights: int
    working: int

    @property
    def peak(self) -> int:
        """All bytes at once."""
        return self.weights + self.working


@dataclass(frozen=True)
class Estimate:
    """Stages of a film; by default the words' network is gone when the dream begins."""

    model: str
    shape: PixelShape
    steps: int
    stages: tuple[Stage, ...]

    @property
    def seconds(self) -> float:
        """From words to frames."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def peak(self) -> int:
        """Bytes of the largest stage."""
        return max(stage.peak for stage in self.stages)


def estimate(
    folder: Folder,
    *,
    shape: PixelShape,
    steps: int,
    guidance: float,
    machine: Machine,
    dtype: torch.dtype,
) -> Estimate:
    """Predict a film of a published model.

    Args:
        folder: configs are enough.
        shape: a size the model can make.
        steps: solver steps.
        guidance: above 1 every step is two passes.
        machine: where.
        dtype: of the transformer and the text encoder.
    """
    model = skeleton(folder, dtype=dtype)
    passes = 1 if guidance == 1 else 2
    parts = (
        ("text", _text(model) * passes, ("text_encoder",)),
        ("denoise", _step(model, shape) * (steps * passes), _experts(model)),
        ("decode", _decode(model, shape), ("vae",)),
    )
    stages = tuple(
        Stage(
            name=name,
            seconds=cost.flops / machine.flops,
            weights=sum(weight_bytes(model.shelf.get(part)) for part in networks),
            working=cost.peak,
        )
        for name, cost, networks in parts
    )
    return Estimate(model.name, shape, steps, stages)


def check_fits(
    predicted: Estimate, machine: Machine, *, again: Callable[[PixelShape], Estimate]
) -> None:
    """Raise unless it fits, and say what would.

    Args:
        predicted: the film that was asked for.
        machine: where.
        again: predicts another size.

    Raises:
        OutOfMemoryError: with the largest size of the same shape that fits, if there is one.
    """
    if predicted.peak <= machine.memory:
        return
    largest = max(predicted.stages, key=lambda stage: stage.peak)
    smaller = _smaller(predicted.shape)
    fitting = next((each for each in smaller if again(each).peak <= machine.memory), None)
    raise OutOfMemoryError(
        f"{predicted.model} at {predicted.shape} needs {gigabytes(predicted.peak)}",
        why=f"{machine.device} has {gigabytes(machine.memory)}; the largest stage is {largest.name}",
        remedy=f"This would fit: {fitting}" if fitting else "Use a smaller model",
    )


def _smaller(shape: PixelShape) -> list[PixelShape]:
    """Half and a quarter of the frames, then half the sides too."""
    frames = [(shape.frames - 1) // 16 * 8 + 1, (shape.frames - 1) // 32 * 8 + 1]
    high, wide = shape.height // 64 * 32, shape.width // 64 * 32
    whole = [PixelShape(count, shape.height, shape.width) for count in frames]
    halves = [PixelShape(count, high, wide) for count in (shape.frames, *frames)]
    return [each for each in (*whole, *halves) if min(each.height, each.width) >= 32]


def calibrated(device: torch.device, *, cache: Path | None = None) -> Machine:
    """This machine, measured once and remembered."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    file = cache or home / CALIBRATION
    key = _device_name(device)
    known = json.loads(file.read_text()) if file.exists() else {}
    if key not in known:
        known[key] = asdict(Machine(key, _rate(device), _memory(device)))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known, indent=2) + "\n")
    return Machine(**known[key])


def _text(model: OpenModel) -> Cost:
    return count(lambda: heard(model))


def _step(model: OpenModel, shape: PixelShape) -> Cost:
    """One pass of the larger expert."""
    latent = model.stride.latent(shape)
    canvas = blank(latent, channels=model.channels, step=1.0)
    with torch.inference_mode():
        words = heard(model)
    prepared = blind(model, canvas)
    x = canvas.latents.to(META)
    # Networks with a finer clock look whether all levels are equal, so these must be real.
    level = torch.ones(len(canvas), device=META if model.family.grain == "clip" else "cpu")
    network = model.shelf.get("transformer")
    return count(lambda: model.one_pass(network, x, level, words, prepared, "estimate"))


def _decode(model: OpenModel, shape: PixelShape) -> Cost:
    latent, vae = model.stride.latent(shape), model.shelf.get("vae")
    size = (1, model.channels, latent.frames, latent.height, latent.width)
    if not isinstance(model.codec.decoder, Causal):
        vae.enable_tiling()
        return count(lambda: vae.decode(torch.empty(size, device=META)).sample)
    tiling = model.codec.decoder.tiling or Tiling(max(size[3:]))
    high, wide = tiling.starts(latent.height), tiling.starts(latent.width)
    side = (min(tiling.side, latent.height), min(tiling.side, latent.width))

    def frames(number: int) -> Cost:
        part = torch.empty(*size[:2], number, *side, device=META)
        return count(lambda: [None for _ in stream(vae, part)])

    two, three = frames(min(2, latent.frames)), frames(min(3, latent.frames))
    tile = Cost(two.flops + (three.flops - two.flops) * max(0, latent.frames - 2), three.peak)
    film = 3 * shape.frames * shape.height * shape.width
    return Cost(tile.flops * len(high) * len(wide), tile.peak + film)


def _experts(model: OpenModel) -> tuple[str, ...]:
    return ("transformer",) if model.family.experts is None else ("transformer", "transformer_2")


class _Block(nn.Module):
    """Linear, attention, linear: what a transformer mostly does."""

    def __init__(self, width: int = 512, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.mix = nn.Linear(width, 3 * width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.mix(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        y = x + seen.transpose(1, 2).flatten(2)
        out: torch.Tensor = y + self.down(nn.functional.gelu(self.up(y)))
        return out


@torch.inference_mode()
def _rate(device: torch.device, *, tokens: int = 1024, repeats: int = 3) -> float:
    """FLOPs a second of a transformer block in the device's usual precision; the best of a few."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    block = _Block().to(device, dtype).eval()
    x = torch.zeros(1, tokens, 512, device=device, dtype=dtype)
    flops = count(lambda: _Block().to(META)(x.to(META))).flops
    best = float("inf")
    for _ in range(repeats + 1):
        start = time.perf_counter()
        block(x)
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return flops / best


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError) as error:
        raise NotFoundError("this system does not tell how much memory it has") from error


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
