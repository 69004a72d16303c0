"""Is this machine ready? Out: one finding for each thing that films need, with its fix."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kinora.core.errors import KinoraError

LIBRARIES = ("torch", "numpy", "av", "pillow", "safetensors", "tokenizers", "pydantic")
OPTIONAL = {
    "mujoco": "world",
    "numba": "world",
    "diffusers": "open-weights",
    "transformers": "open-weights",
    "peft": "open-weights",
    "huggingface-hub": "open-weights",
}
KERNELS = ("flash-attn", "sageattention", "xformers", "triton")
GIGABYTE = 1 << 30
MEMORY_NEEDED = 2 * GIGABYTE
DISK_NEEDED = 1 * GIGABYTE
DISK_OF_A_MODEL = 30 * GIGABYTE
"""A published model of the small kind with its text encoder."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what.
        good: whether films can be made with it as it is.
        found: what there is.
        fix: what to type or do; "" where nothing is wrong.
    """

    name: str
    good: bool
    found: str
    fix: str = ""


def examine() -> list[Finding]:
    """Everything, in the order in which one would put it right."""
    findings = [_python(), *map(_library, LIBRARIES)]
    findings += [_optional(name, extra=extra) for name, extra in OPTIONAL.items()]
    checks: tuple[Callable[[], Finding], ...] = (
        _device, _precision, _kernels, _cores, _memory, _disk, _weights, _published,
    )  # fmt: skip
    return findings + [check() for check in checks]


def _python() -> Finding:
    found = platform.python_version()
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("python", good, found, "" if good else "Use Python 3.11, 3.12 or 3.13")


def _library(name: str) -> Finding:
    version = _version(name)
    fix = "" if version else "pip install -c constraints.txt ."
    return Finding(name, bool(version), version or "missing", fix)


def _optional(name: str, *, extra: str) -> Finding:
    version = _version(name)
    fix = "" if version else f"For kinora {extra}: pip install -c constraints.txt '.[{extra}]'"
    return Finding(name, True, version or "not installed", fix)


def _device() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("device", False, "unknown without torch", "Install torch first")
    import torch

    accelerator = torch.accelerator.current_accelerator()
    if accelerator is None:
        fix = "Install a torch built for CUDA" if shutil.which("nvidia-smi") else ""
        return Finding("device", not fix, "cpu", fix)
    if accelerator.type != "cuda":
        return Finding("device", True, str(accelerator))
    card = torch.cuda.get_device_properties(0)
    found = f"{card.name}, {card.total_memory / GIGABYTE:.0f} GB, CUDA {torch.version.cuda}"
    return Finding("device", True, found)


def _precision() -> Finding:
    """What our own film model will compute in."""
    if importlib.util.find_spec("torch") is None:
        return Finding("precision", True, "unknown without torch")
    import torch

    from kinora.core.device import wished_device
    from kinora.core.machine import in_bf16, wished_precision

    try:
        device = wished_device() or torch.device("cpu")
        found = "bfloat16" if in_bf16(wished_precision(), device) else "float32"
    except KinoraError as error:
        return Finding("precision", False, error.what, error.remedy)
    return Finding("precision", True, f"{found} for our own model")


def _kernels() -> Finding:
    """Faster attention than torch's own, if somebody installed it; see `open_weights/attention.py`."""
    named = {name: _version(name) for name in KERNELS}
    there = [f"{name} {version}" for name, version in named.items() if version]
    return Finding("kernels", True, ", ".join(["torch", *there]))


def _cores() -> Finding:
    return Finding("cores", True, str(os.cpu_count() or 1))


def _memory() -> Finding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Finding("memory", True, "unknown")
    good = total >= MEMORY_NEEDED
    fix = "" if good else "Close other programs, or make films of a smaller --size"
    return Finding("memory", good, f"{total / GIGABYTE:.1f} GB", fix)


def _disk() -> Finding:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    try:
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        found = f"{here} cannot be written to: {error.strerror}"
        return Finding("disk", False, found, "Work in a folder that you may write to")
    good = free >= DISK_NEEDED
    fix = "" if good else "Free some space"
    return Finding("disk", good, f"{free / GIGABYTE:.1f} GB free here", fix)


def _weights() -> Finding:
    """The networks that ship inside the package."""
    folder = files("kinora") / "weights"
    inside = list(folder.iterdir()) if folder.is_dir() else []
    models = sorted(each.name for each in inside if (each / "model_index.json").is_file())
    fix = "" if models else "Install a release that ships them, or train: see docs/path.md"
    return Finding("weights", bool(models), ", ".join(models) or "none", fix)


def _published() -> Finding:
    """Room for published models, where the hub library keeps them."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    place = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    small = free < DISK_OF_A_MODEL
    fix = "For published models set HF_HOME to a folder on a larger disk" if small else ""
    return Finding("models", True, f"{free / GIGABYTE:.1f} GB free in {place}", fix)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
