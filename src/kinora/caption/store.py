"""The judge on disk. In: a folder in the diffusers layout. Out: networks, and the other way round.

One folder per network with `config.json` and `model.safetensors` (float16 on disk, float32 at work).
"""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from kinora.core.errors import NotFoundError

JUDGE = Path(__file__).parents[1] / "weights" / "judge-tiny"

C = TypeVar("C", bound=BaseModel)
N = TypeVar("N", bound=nn.Module)
REMEDY = "Install Kinora again, or train the judge with: kinora train judge_tiny"


def save_network(network: nn.Module, settings: dict[str, Any], folder: Path) -> Path:
    """Write one network into its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    state = {key: value.half().contiguous() for key, value in network.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    return folder


def read_settings(folder: Path, kind: type[C]) -> C:
    """The configuration in a network's folder; `NotFoundError` if there is none."""
    try:
        return kind.model_validate_json((folder / "config.json").read_bytes())
    except (OSError, ValidationError) as error:
        why = str(error).splitlines()[0]
        raise NotFoundError(f"no judge in {folder}", why=why, remedy=REMEDY) from error


def fill(network: N, folder: Path) -> N:
    """The network with the folder's weights, frozen; `NotFoundError` if they are missing or unfit."""
    try:
        state = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        network.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        raise NotFoundError(f"the judge in {folder} is damaged", why=why, remedy=REMEDY) from error
    return network.eval().requires_grad_(False)
