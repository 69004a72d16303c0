"""Linear weights in few bits, without their numbers. In: a skeleton. Out: one that holds and does as much as they do.

What the libraries keep of a weight is bytes; each call makes it whole for as long as it takes.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kinora.core.errors import UnsupportedError
from kinora.open_weights.folder import Folder

FLOATS = {"F64", "F32", "F16", "BF16"}
"""Types of numbers in a safetensors header that are a weight as it is."""

SCALE_BYTES = 5
"""Of a row of torchao's int8 weights: a scale in float32 and a zero point, which is kept though it is none."""


class Packed(nn.Module):
    """A linear layer whose weight lies in `held` bytes.

    Args:
        layer: as it would be whole.
        held: bytes of its weight, scales included.
    """

    def __init__(self, layer: nn.Linear, *, held: int) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        packed = torch.empty(held, dtype=torch.int8, device="meta")
        self.weight, self.bias = nn.Parameter(packed, requires_grad=False), layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """`[... i] -> [... o]`: made whole, multiplied, scaled by row, as torchao does it."""
        whole = self.weight.new_empty(self.in_features, self.out_features, dtype=x.dtype)
        made = x.reshape(-1, self.in_features) @ whole
        del whole
        scaled = (made * 1.0).reshape(*x.shape[:-1], self.out_features)
        return scaled if self.bias is None else scaled.add_(self.bias)


def in_int8(network: Any) -> Any:
    """A transformer as the library quantises it: all linear layers but those that it keeps fine."""
    # It asks the same of every name.
    fine = tuple(f"{part}." for part in getattr(network, "_keep_in_fp32_modules", None) or ())
    for name, layer in _linear(network).items():
        if not any(part in f"{name}.weight" for part in fine):
            held = layer.in_features * layer.out_features + SCALE_BYTES * layer.out_features
            network.set_submodule(name, Packed(layer, held=held))
    return network


def as_published(network: Any, folder: Folder, component: str) -> Any:
    """A network that was quantised before: what its files hold of each linear layer, read from their headers.

    Raises:
        UnsupportedError: they are not here, or what they hold is not told by layer.
    """
    tensors = _tensors(folder, component)
    for name, layer in _linear(network).items():
        kind, _ = tensors.get(f"{name}.weight", ("", 0))
        if kind in FLOATS:
            continue
        of_it = (key for key in tensors if key.startswith(f"{name}.") and key != f"{name}.bias")
        held = sum(tensors[key][1] for key in of_it)
        if not held:
            raise UnsupportedError(
                f"what {folder.name} costs cannot be told beforehand",
                why=f"its weights are quantised, and its files do not tell what {component} holds of {name}",
            )
        network.set_submodule(name, Packed(layer, held=held))
    return network


def _linear(network: nn.Module) -> dict[str, nn.Linear]:
    return {name: part for name, part in network.named_modules() if isinstance(part, nn.Linear)}


def _tensors(folder: Folder, component: str) -> dict[str, tuple[str, int]]:
    """Every tensor of a component: what its numbers are, and its bytes."""
    if not any((folder.path / component).glob("*.safetensors")):
        raise UnsupportedError(
            f"what {folder.name} costs cannot be told before it is pulled",
            why="its weights are quantised, and their sizes are in their files",
            remedy=f"Run: kinora models pull {folder.name}",
        )
    headers = [_header(file) for file in folder.weights(component)]
    return {
        name: (each["dtype"], each["data_offsets"][1] - each["data_offsets"][0])
        for header in headers
        for name, each in header.items()
        if name != "__metadata__"
    }


def _header(file: Path) -> dict[str, Any]:
    """What a safetensors file begins with; no tensor is read."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        told: dict[str, Any] = json.loads(stream.read(size))
    return told
