"""Weights in few bits, which the libraries read themselves. In: a folder. Out: whether it can be read here."""

from importlib.util import find_spec
from typing import Any

import torch

from kinora.core.errors import UnsupportedError, UsageError
from kinora.open_weights.folder import Folder

PACKAGES = {"torchao": "torchao", "bitsandbytes": "bitsandbytes", "quanto": "optimum-quanto"}
"""How weights were quantised, as a config tells it -> what reads them."""

MODULES = {"optimum-quanto": "optimum"}
"""Of packages that are imported by another name."""


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


def _method(config: dict[str, Any]) -> str:
    # The oldest releases of bitsandbytes' own tell no method.
    old = "bitsandbytes" if {"load_in_8bit", "load_in_4bit"} & set(config) else "unknown means"
    return str(config.get("quant_method", old))
