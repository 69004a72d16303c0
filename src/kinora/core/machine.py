"""How fast this machine is. In: a device. Out: rates of the four kinds of work, measured once and kept."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import torch
from torch.nn import functional as F

from kinora.core.cost import Cost
from kinora.core.errors import NotFoundError

CALIBRATION = Path("kinora") / "machine.json"
REPEATS = 5
SMALL_CALLS = 200


@dataclass(frozen=True)
class Machine:
    """What the calibration found.

    Args:
        device: its name.
        memory: bytes of the device.
        products, attention, convolutions: FLOPs a second.
        traffic: bytes a second of elementwise work.
        call: seconds of an operation on next to nothing.
    """

    device: str
    memory: int
    products: float
    attention: float
    convolutions: float
    traffic: float
    call: float

    def seconds(self, cost: Cost) -> float:
        """How long this work takes, one kind after the other."""
        return (
            cost.products / self.products
            + cost.attention / self.attention
            + cost.convolutions / self.convolutions
            + cost.traffic / self.traffic
            + cost.calls * self.call
        )


def calibrated(device: torch.device, *, cache: Path | None = None) -> Machine:
    """This machine, measured once and remembered."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    file = cache or home / CALIBRATION
    key = _device_name(device)
    known = json.loads(file.read_text()) if file.exists() else {}
    if set(known.get(key, ())) != {each.name for each in fields(Machine)}:
        known[key] = asdict(calibrate(device))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known, indent=2) + "\n")
    return Machine(**known[key])


@torch.inference_mode()
def calibrate(device: torch.device, *, clock: Callable[[], float] = time.perf_counter) -> Machine:
    """Measure now: about a second on a laptop.

    Args:
        device: where.
        clock: seconds; `time.process_time` leaves out what other programs took from the processor.
    """
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32

    def zeros(*size: int) -> torch.Tensor:
        return torch.zeros(size, device=device, dtype=dtype)

    def rate(amount: float, work: Callable[[], object]) -> float:
        return amount / _best(work, device, clock)

    x, weight, heads = zeros(1024, 512), zeros(2048, 512), zeros(1, 8, 1024, 64)
    picture, kernel = zeros(4, 64, 64, 64), zeros(64, 64, 3, 3)
    one, two, side = zeros(2048, 1024), zeros(2048, 1024), zeros(16, 16)
    return Machine(
        device=_device_name(device),
        memory=_memory(device),
        products=rate(2 * x.numel() * len(weight), lambda: F.linear(x, weight)),
        attention=rate(
            4 * 8 * 64 * 1024**2, lambda: F.scaled_dot_product_attention(heads, heads, heads)
        ),
        convolutions=rate(
            2 * picture.numel() * 64 * 9, lambda: F.conv2d(picture, kernel, padding=1)
        ),
        traffic=rate(
            7 * one.numel() * one.element_size(),
            lambda: (one + two, one.square(), one.T.contiguous()),  # 3, 2 and 2 tensors' worth
        ),
        call=1 / rate(3 * SMALL_CALLS, lambda: [_small(side) for _ in range(SMALL_CALLS)]),
    )


Precision = Literal["fp32", "bf16", "auto"]


def in_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether to compute in bfloat16: as told, or where the device does it fast."""
    return precision == "bf16" or (precision == "auto" and computes_bf16(device))


def computes_bf16(device: torch.device) -> bool:
    """Whether the device has units for bfloat16; a CPU without them is a hundred times slower in it."""
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _small(side: torch.Tensor) -> torch.Tensor:
    return F.silu(F.linear(side, side)) + side


def _best(work: Callable[[], object], device: torch.device, clock: Callable[[], float]) -> float:
    fastest = float("inf")
    for _ in range(REPEATS + 1):
        start = clock()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        fastest = min(fastest, clock() - start)
    return fastest


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError) as error:
        raise NotFoundError("this system does not tell how much memory it has") from error


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
