"""How fast this machine is. In: a device. Out: rates of the kinds of work, measured once and kept."""

import json
import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal, cast, get_args

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from kinora.core.cost import LAID_OUT, MAPPED, Cost, count
from kinora.core.errors import NotFoundError, UsageError

CALIBRATION = Path("kinora") / "machine.json"
REPEATS = 9
SMALL_BLOCKS = 8
LINK = 25e9
"""Bytes a second from one GPU to another where nobody says: PCI Express 4, one way. It is not measured."""


@dataclass(frozen=True)
class Machine:
    """What the calibration found.

    Args:
        device: its name.
        memory: bytes of the device.
        products, attention, convolutions: FLOPs a second.
        traffic: bytes a second of elementwise work.
        call: seconds of an operation on next to nothing, as networks call it.
        fresh: bytes a second of memory that is touched for the first time, beyond its traffic.
        link: bytes a second that each of several devices sends to the others.
        brief_products, brief_attention: how many times as fast both are in bfloat16, beside float32.
    """

    device: str
    memory: int
    products: float
    attention: float
    convolutions: float
    traffic: float
    call: float
    fresh: float = math.inf
    link: float = LINK
    brief_products: float = 1.0
    brief_attention: float = 1.0

    def in_bf16(self) -> "Machine":
        """The machine as it computes in bfloat16 what is counted in float32."""
        return replace(
            self,
            products=self.products * self.brief_products,
            attention=self.attention * self.brief_attention,
        )

    def seconds(self, cost: Cost) -> float:
        """How long this work takes, one kind after the other."""
        return (
            cost.products / self.products
            + cost.attention / self.attention
            + cost.convolutions / self.convolutions
            + cost.traffic / self.traffic
            + cost.fresh / self.fresh
            + cost.calls * self.call
            + cost.moved / self.link
        )


def calibrated(device: torch.device, *, cache: Path | None = None) -> Machine:
    """This machine, measured once and remembered."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    file = cache or home / CALIBRATION
    key = _device_name(device)
    known = _remembered(file)
    # How fast devices are linked is told, not measured.
    if {*known.get(key, ()), "link"} != {each.name for each in fields(Machine)}:
        measured = asdict(calibrate(device))
        known[key] = {name: rate for name, rate in measured.items() if name != "link"}
        _remember(file, known)
    return Machine(**known[key])


def _remembered(file: Path) -> dict[str, Any]:
    """What was measured before; nothing where the file cannot be read or is no calibration."""
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(file: Path, known: dict[str, Any]) -> None:
    """Whole or not at all; a cache that cannot be written costs a second the next time."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(known, indent=2) + "\n")
        part.replace(file)
    with suppress(OSError):
        part.unlink(missing_ok=True)


@torch.inference_mode()
def calibrate(device: torch.device, *, clock: Callable[[], float] = time.perf_counter) -> Machine:
    """Measure now: about a second on a laptop.

    Args:
        device: where.
        clock: seconds; `time.process_time` leaves out what other programs took from the processor.
    """
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32

    def zeros(*size: int) -> Tensor:
        return torch.zeros(size, device=device, dtype=dtype)

    def seconds(work: Callable[[], object]) -> float:
        return _typical(work, device, clock)

    _settle(device)
    one, two = zeros(2048, 1024), zeros(2048, 1024)
    size = one.numel() * one.element_size()
    # 3, 2 and 2 tensors' worth
    traffic = 7 * size / seconds(lambda: (one + two, one.square(), one.T.contiguous()))

    def rate(flops: float, moved: int, work: Callable[[], object]) -> float:
        """Of the arithmetic alone: what is moved is counted as traffic."""
        took = seconds(work)
        return flops / max(took - moved * one.element_size() / traffic, took / 2)

    def brief(work: Callable[..., object], *of: Tensor) -> float:
        """How many times as fast it is in bfloat16; a device that measures in it all along gains nothing."""
        if device.type != "cpu" or not computes_bf16(device):
            return 1.0
        short = [each.bfloat16() for each in of]
        return max(1.0, seconds(lambda: work(*of)) / seconds(lambda: work(*short)))

    x, weight, heads = zeros(1024, 512), zeros(2048, 512), zeros(1, 8, 1024, 64)
    picture, kernel = zeros(4, 64, 64, 64), zeros(64, 64, 3, 3)
    network, small = _Small().to(device, dtype).eval(), zeros(1, 16, 16)
    with torch.device("meta"):
        blank, nothing = _Small(), torch.empty(1, 16, 16)
    calls = count(lambda: blank(nothing)).calls
    return Machine(
        device=_device_name(device),
        memory=_memory(device),
        products=rate(
            2 * x.numel() * len(weight), x.numel() + weight.numel() + len(x) * len(weight),
            lambda: F.linear(x, weight),
        ),
        attention=rate(
            4 * 8 * 64 * 1024**2, 4 * heads.numel(),
            lambda: F.scaled_dot_product_attention(heads, heads, heads),
        ),
        convolutions=rate(
            2 * picture.numel() * 64 * 9, 2 * LAID_OUT * picture.numel(),
            lambda: F.conv2d(picture, kernel, padding=1),
        ),
        traffic=traffic,
        call=seconds(lambda: [network(small) for _ in range(SMALL_BLOCKS)]) / SMALL_BLOCKS / calls,
        fresh=_fresh(device, seconds),
        brief_products=brief(F.linear, x, weight),
        brief_attention=brief(F.scaled_dot_product_attention, *3 * (heads,)) if TILES else 1.0,
    )  # fmt: skip


class _Small(nn.Module):
    """A block of a transformer at next to no size: what it takes is the calling."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.shift = nn.LayerNorm(16), nn.Linear(16, 32)
        self.ask, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
        self.rise, self.fall = nn.Linear(16, 64), nn.Linear(64, 16)

    def forward(self, x: Tensor) -> Tensor:
        """`[b n d] -> [b n d]`."""
        scale, shift = self.shift(x.mean(1, keepdim=True)).chunk(2, dim=-1)
        asked = rearrange(self.ask(self.norm(x)), "b n (three h d) -> three b h n d", three=3, h=2)
        seen = F.scaled_dot_product_attention(*asked.unbind(0))
        x = x + self.out(rearrange(seen, "b h n d -> b n (h d)"))
        made: Tensor = self.fall(F.silu(self.rise(self.norm(x) * (1 + scale) + shift)))
        return x + made


def _settle(device: torch.device) -> None:
    """Let the C library keep what is given back to it, as it does once a film has used large blocks."""
    if device.type == "cpu":
        block = torch.zeros(MAPPED - 2**20, dtype=torch.uint8)
        del block


def _fresh(device: torch.device, seconds: Callable[[Callable[[], object]], float]) -> float:
    """Bytes a second of first touch: a large block filled for the first time against one filled again."""
    size = 2 * MAPPED
    block = torch.zeros(size, dtype=torch.uint8, device=device)
    first = seconds(lambda: torch.empty(size, dtype=torch.uint8, device=device).fill_(1))
    again = seconds(lambda: block.fill_(1))
    return size / max(first - again, 1e-6)


Precision = Literal["fp32", "bf16", "auto"]
PRECISION = "KINORA_PRECISION"
"""What our own film model computes in, `auto` where nobody says; `bf16` of published ones on the processor too."""
TILES = bool(torch.cpu.get_capabilities().get("amx_bf16"))
"""Whether this processor multiplies tiles of bfloat16."""


def wished_precision() -> Precision:
    """What the environment says; `UsageError` for what is no precision."""
    said, known = os.environ.get(PRECISION, "auto"), get_args(Precision)
    if said not in known:
        raise UsageError(
            f"{PRECISION}={said} is no precision", remedy=f"Use one of: {', '.join(known)}"
        )
    return cast(Precision, said)


def in_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether to compute in bfloat16: as told, or where the device does it fast."""
    return precision == "bf16" or (precision == "auto" and computes_bf16(device))


def computes_bf16(device: torch.device) -> bool:
    """Whether the device has units for bfloat16; a CPU without them is a hundred times slower in it."""
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _typical(work: Callable[[], object], device: torch.device, clock: Callable[[], float]) -> float:
    """The middle of several runs: a film does not run at the best moment of a machine that others use too."""
    took = []
    for _ in range(REPEATS + 1):
        start = clock()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        took.append(clock() - start)
    return median(took[1:])


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError) as error:
        raise NotFoundError("this system does not tell how much memory it has") from error


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
