"""A network on disk. In: a folder. Out: its sizes and weights; and the other way round.

`config.json`, and float16 safetensors beside it, which are float32 at work.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from kinora.core.errors import NotFoundError

MODEL = "model.safetensors"
DRAWS = frozenset({"kaiming_uniform_", "uniform_", "normal_"})
"""What draws weights, of `torch.nn.init` and of tensors."""

N = TypeVar("N", bound=nn.Module)
C = TypeVar("C", bound=BaseModel)


def sha256(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_weights(file: Path, tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> str:
    """Write float16 weights with `config.json` beside them; their sha256."""
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    save_file({key: value.half().contiguous().cpu() for key, value in tensors.items()}, file)
    return sha256(file)


def read_config(file: Path, kind: type[C], *, remedy: str) -> C:
    """A JSON file as `kind`.

    Raises:
        NotFoundError: it is missing or says something else.
    """
    try:
        return kind.model_validate_json(file.read_bytes())
    except (OSError, ValidationError, ValueError) as error:
        raise NotFoundError(
            f"cannot read {file}", why=str(error).splitlines()[0], remedy=remedy
        ) from error


def read_weights(file: Path, *, sha: str | None = None, remedy: str) -> dict[str, Tensor]:
    """A file's tensors in float32.

    Args:
        file: safetensors.
        sha: its sha256, if that is known.
        remedy: what to do where the file is unfit.

    Raises:
        NotFoundError: it is missing, of another checksum, or no safetensors.
    """
    if not file.exists():
        raise NotFoundError(f"weights file {file} is missing", remedy=remedy)
    if sha is not None and sha256(file) != sha:
        why = "its sha256 is not the one in model_index.json"
        raise NotFoundError(f"weights file {file} is damaged", why=why, remedy=remedy)
    try:
        return {key: value.float() for key, value in load_file(file).items()}
    except SafetensorError as error:
        raise _unfit(file, error, remedy) from error


class Undrawn(TorchFunctionMode):
    """Networks made within it draw no weights: their state is read next, and drawing takes longer than that."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Every call as it is, but those that draw."""
        del types
        named = kwargs or {}
        if getattr(func, "__name__", "") in DRAWS:
            return named["tensor"] if "tensor" in named else args[0]
        return func(*args, **named)


def filled(network: N, state: Mapping[str, Tensor], *, file: Path, remedy: str) -> N:
    """The network with this state, frozen.

    Raises:
        NotFoundError: it is of another network; `file` is where it came from.
    """
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise _unfit(file, error, remedy) from error
    return network.eval().requires_grad_(False)


def _unfit(file: Path, error: Exception, remedy: str) -> NotFoundError:
    why = str(error).splitlines()[0]
    return NotFoundError(f"weights file {file} does not fit", why=why, remedy=remedy)
