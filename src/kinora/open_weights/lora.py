"""Small added weights (LoRA): load, stack, weigh. In: an open model and files. Out: the model with them in it.

Hu et al. 2021 (arXiv:2106.09685). The base weights stay as they are: weight 0 is the base, bit for bit.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinora.core.errors import NotFoundError, UsageError
from kinora.open_weights.folder import flaw
from kinora.open_weights.model import OpenModel

WITH_LOADERS = {
    "wan": "WanLoraLoaderMixin",
    "wan-image": "WanLoraLoaderMixin",
    "wan-vace": "WanLoraLoaderMixin",
    "wan-causal": "WanLoraLoaderMixin",
    "skyreels": "SkyReelsV2LoraLoaderMixin",
    "skyreels-forcing": "SkyReelsV2LoraLoaderMixin",
    "ltx": "LTXVideoLoraLoaderMixin",
    "cogvideox": "CogVideoXLoraLoaderMixin",
    "cogvideox-image": "CogVideoXLoraLoaderMixin",
    "mochi": "Mochi1LoraLoaderMixin",
    "hunyuan": "HunyuanVideoLoraLoaderMixin",
    "hunyuan-1.5": "HunyuanVideoLoraLoaderMixin",
    "hunyuan-1.5-image": "HunyuanVideoLoraLoaderMixin",
}
"""Family -> who in the library knows the names that training programs give to its weights."""


@dataclass(frozen=True)
class Lora:
    """A file of added weights.

    Args:
        name: what to call it.
        file: a `.safetensors` file.
        weight: how strong; 1 as trained, 0 not at all.
    """

    name: str
    file: Path
    weight: float = 1.0


def add(model: OpenModel, loras: Sequence[Lora]) -> None:
    """Load files into every transformer of the model and weigh them together.

    Raises:
        NotFoundError: a file is not there.
        UsageError: a file is not safetensors, or fits none of the model's weights.
    """
    for network in transformers(model):
        wear(network, model.family.name, loras)


def wear(network: Any, family: str, loras: Sequence[Lora]) -> None:
    """Load files into one transformer of a family and weigh them together; raises like `add`."""
    for lora in loras:
        _load(network, lora, _state(family, lora))
    _weigh(network, {lora.name: lora.weight for lora in loras})


def weigh(model: OpenModel, weights: Mapping[str, float]) -> None:
    """Use these added weights, this strong, and no others."""
    for network in transformers(model):
        _weigh(network, weights)


def _weigh(network: Any, weights: Mapping[str, float]) -> None:
    if weights:
        named = {adapter(name): weight for name, weight in weights.items()}
        network.set_adapters(list(named), weights=list(named.values()))
        network.enable_lora()
    else:
        network.disable_lora()


def remove(model: OpenModel, names: Sequence[str]) -> None:
    """Forget added weights."""
    for network in transformers(model):
        network.delete_adapters([adapter(name) for name in names])


def adapter(name: str) -> str:
    """What the library calls it: names become attributes of modules, which have some of their own."""
    return "kinora_" + re.sub(r"\W", "_", name)


def transformers(model: OpenModel) -> list[Any]:
    """The model's transformers: one, or two experts."""
    count = 1 if model.family.experts is None else 2
    return [model.shelf.get(name) for name in ("transformer", "transformer_2")[:count]]


def check(lora: Lora) -> None:
    """Raise `UsageError` for a file of another kind, `NotFoundError` for one that is not there."""
    if lora.file.suffix != ".safetensors":
        raise UsageError(f"{lora.file} is not safetensors", why="a pickle can run any program")
    if not lora.file.exists():
        raise NotFoundError(f"there is no file {lora.file}")
    if why := flaw(lora.file):
        raise UsageError(
            f"{lora.file} is not safetensors", why=why, remedy="Fetch it again from where it came"
        )


def _state(family: str, lora: Lora) -> dict[str, Any]:
    import diffusers.loaders

    check(lora)
    loader = getattr(diffusers.loaders, WITH_LOADERS[family])
    read = loader.lora_state_dict(
        str(lora.file.parent),
        weight_name=lora.file.name,
        use_safetensors=True,
        local_files_only=True,
    )
    state: dict[str, Any] = read[0] if isinstance(read, tuple) else read
    return state


def _load(network: Any, lora: Lora, state: dict[str, Any]) -> None:
    from peft.utils.error import NoMatchingPeftModuleError

    prefix = "transformer" if any(key.startswith("transformer.") for key in state) else None
    misfit = UsageError(
        f"{lora.file} fits no weights of this model",
        remedy="Use added weights that were trained for it",
    )
    try:
        with warnings.catch_warnings():
            # Stacking several is what was asked for.
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")
            network.load_lora_adapter(dict(state), prefix=prefix, adapter_name=adapter(lora.name))
    except NoMatchingPeftModuleError as error:
        raise misfit from error
    if adapter(lora.name) not in getattr(network, "peft_config", {}):
        raise misfit
