"""Where networks compute. In: a name, or what was wished for. Out: a device that is there."""

import os
from typing import TYPE_CHECKING

from kinora.core.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    import torch

VARIABLE = "KINORA_DEVICE"
"""What `--device` sets; a server is told by it."""
KINDS = ("cpu", "cuda", "mps")


def check_device(name: str) -> str:
    """The name, if it is one of a device: `cpu`, `cuda`, `cuda:1`, `mps`; `UsageError` else."""
    kind, _, number = name.partition(":")
    if kind not in KINDS or (":" in name and not number.isdecimal()):
        raise UsageError(f"'{name}' is no device", remedy=f"Use one of: {', '.join(KINDS)}")
    return name


def wished_device() -> "torch.device | None":
    """The device that `--device` or the environment names; None if nobody says.

    Raises:
        UnsupportedError: this machine, or this build of torch, has none such.
    """
    import torch

    name = os.environ.get(VARIABLE, "")
    if not name:
        return None
    device = torch.device(check_device(name))
    there = {
        "cpu": True,
        "cuda": (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there[device.type]:
        raise UnsupportedError(
            f"there is no {name} that torch {torch.__version__} can use here",
            remedy="Leave --device away, or see: kinora doctor",
        )
    return device


def gpus() -> int:
    """How many CUDA devices there are."""
    import torch

    return torch.cuda.device_count()


def take_gpu(number: int, *, of: int) -> bool:
    """Let `cuda` mean this one of the GPUs; False where there are not as many as `of` processes here."""
    import torch

    if gpus() < of:
        return False
    torch.cuda.set_device(number)
    return True
