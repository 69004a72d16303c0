"""Weights in few bits, by the libraries' own support. In: a folder. Out: whether it can be read, or made so, here."""

import logging
from importlib.util import find_spec
from typing import Any, Literal

import torch

from kinora.core.errors import UnsupportedError, UsageError
from kinora.open_weights.folder import Folder

PACKAGES = {"torchao": "torchao", "bitsandbytes": "bitsandbytes", "quanto": "optimum-quanto"}
"""How weights were quantised, as a config tells it -> what reads them."""

MODULES = {"optimum-quanto": "optimum"}
"""Of packages that are imported by another name."""


Weights = Literal["whole", "int8"]
"""How linear weights are held: as the folder's precision has them, or in a byte each, with a scale for every row."""


def methods(folder: Folder) -> dict[str, str]:
    """Every network whose config has a `quantization_config`, and the method that it names."""
    told = {part: folder.config(part).get("quantization_config") for part in folder.networks()}
    return {part: _method(each) for part, each in told.items() if each}


def check_quantised(folder: Folder, device: torch.device) -> None:
    """Raise unless the libraries can read every network's weights on this device.

    Raises:
        UnsupportedError: they were quantised in a way that is not known, or not for a processor.
        UsageError: a package is missing.
    """
    for component, method in methods(folder).items():
        what = f"{folder.name}/{component} is quantised by {method}"
        if method not in PACKAGES:
            raise UnsupportedError(
                f"{what}, which Kinora cannot read",
                remedy=f"Use a release quantised by {' or '.join(PACKAGES)}, or one that is not",
            )
        package = PACKAGES[method]
        if find_spec(MODULES.get(package, package)) is None:
            raise UsageError(
                what, why=f"{package} is missing", remedy=f"Run: pip install {package}"
            )
        if method == "bitsandbytes" and device.type == "cpu":
            raise UnsupportedError(
                f"{what}, which computes on a GPU only",
                remedy="Use a release quantised by torchao, or one that is not",
            )


def quantisable(folder: Folder) -> tuple[Weights, ...]:
    """How a transformer's weights can be held, the faithful way first; there is no choice if they are quantised."""
    return ("whole",) if _there(folder) else ("whole", "int8")


def check_quantising(folder: Folder) -> None:
    """Raise unless the transformer's weights can be quantised while they are read.

    Raises:
        UsageError: they are quantised already, or the package is missing.
    """
    if there := _there(folder):
        raise UsageError(
            f"{folder.name}/{there[0]} is quantised already",
            remedy="Leave out --quantise: it is read as it is",
        )
    if command := missing():
        raise UsageError(
            f"the weights of {folder.name} cannot be quantised",
            why="torchao is missing", remedy=f"Run: {command}",
        )  # fmt: skip


def missing() -> str:
    """The command that installs what quantises weights, empty where it is there."""
    return "pip install torchao" if find_spec("torchao") is None else ""


def quantising(weights: Weights) -> dict[str, Any]:
    """What `from_pretrained` of a transformer is to be told; nothing for whole weights."""
    if weights == "whole":
        return {}
    from diffusers import TorchAoConfig
    from torchao.quantization import Int8WeightOnlyConfig

    # It warns of every precision but bfloat16, and float32 is as near to whole weights (see the tests).
    logging.getLogger("diffusers.quantizers.torchao").setLevel(logging.ERROR)
    # Which settings compiled code is made with is not for one network to say for the whole process.
    return {"quantization_config": TorchAoConfig(Int8WeightOnlyConfig(set_inductor_config=False))}


def _there(folder: Folder) -> list[str]:
    """The transformers that were quantised before."""
    return [part for part in methods(folder) if part.startswith("transformer")]


def _method(config: dict[str, Any]) -> str:
    # The oldest releases of bitsandbytes' own tell no method.
    old = "bitsandbytes" if {"load_in_8bit", "load_in_4bit"} & set(config) else "unknown means"
    return str(config.get("quant_method", old))
