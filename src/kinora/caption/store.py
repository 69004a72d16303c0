"""The judge on disk. In: a folder with one folder per network. Out: networks, and the other way round."""

from pathlib import Path
from typing import Any

from torch import nn

from kinora.nn.store import MODEL, C, N, filled, read_config, read_weights, write_weights

JUDGE = Path(__file__).parents[1] / "weights" / "judge-tiny"
REMEDY = "Install Kinora again, or train the judge with: kinora train judge_tiny"


def save_network(network: nn.Module, settings: dict[str, Any], folder: Path) -> Path:
    """Write one network into its folder."""
    write_weights(folder / MODEL, network.state_dict(), settings)
    return folder


def read_settings(folder: Path, kind: type[C]) -> C:
    """The configuration in a network's folder; `NotFoundError` if there is none."""
    return read_config(folder / "config.json", kind, remedy=REMEDY)


def fill(network: N, folder: Path) -> N:
    """The network with the folder's weights, frozen; `NotFoundError` if they are missing or unfit."""
    file = folder / MODEL
    return filled(network, read_weights(file, remedy=REMEDY), file=file, remedy=REMEDY)
