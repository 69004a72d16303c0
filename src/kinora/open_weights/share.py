"""One transformer over several processes. In: a loaded network. Out: a share of its tokens in each of them.

The library's context parallelism does the work (Ulysses, Jacobs et al. 2023, arXiv:2309.14509): every process
holds all weights and a share of the tokens, and attends from all tokens to all with a share of the heads.
"""

import logging
from functools import cache
from itertools import count
from typing import Any

import torch

from kinora.core.device import gpus
from kinora.core.errors import UnsupportedError, UsageError
from kinora.core.shape import LatentShape, Stride
from kinora.core.team import Team
from kinora.open_weights.family import Family
from kinora.open_weights.folder import Folder

ONE_DEVICE = "Run it on one device, without torchrun"


def check_shared(folder: Folder, family: Family, *, size: int) -> None:
    """Raise unless `size` processes can share this model's transformers.

    Raises:
        UnsupportedError: the library has no plan for this network, or it streams.
        UsageError: its heads cannot be shared out evenly.
    """
    import diffusers

    if family.capabilities.streams_only:
        raise UnsupportedError(
            f"{folder.name} cannot be shared by {size} processes",
            why="it makes few tokens at a time and remembers the others",
            remedy=ONE_DEVICE,
        )
    kind = folder.kind("transformer")
    if getattr(getattr(diffusers, str(kind), None), "_cp_plan", None) is None:
        raise UnsupportedError(
            f"{folder.name} cannot be shared by {size} processes",
            why=f"the library has no context-parallel plan for a {kind}",
            remedy=f"{ONE_DEVICE}, or use Wan or LTX-Video",
        )
    heads = folder.config("transformer")["num_attention_heads"]
    if heads % size:
        fitting = [str(each) for each in range(2, heads + 1) if heads % each == 0]
        raise UsageError(
            f"{size} processes cannot share the {heads} attention heads of {folder.name}",
            remedy=f"Take as many as divide them: {', '.join(fitting)}",
        )


def check_devices(device: torch.device, mine: Team) -> None:
    """Raise `UsageError` unless every process of a team has a device like this one for itself."""
    if device.type == "cpu":
        return
    if str(device) != "cuda":
        raise UsageError(
            f"{mine.size} processes cannot compute on {device} together",
            why="each takes a GPU of its own",
            remedy="Leave --device away, or use --device cuda or --device cpu",
        )
    if gpus() < mine.here:
        raise UsageError(
            f"{mine.here} processes want a GPU each, and here are {gpus()}",
            remedy=f"Run: torchrun --nproc-per-node {gpus()} -m kinora ...",
        )


def share(network: Any, mine: Team, device: torch.device) -> None:
    """Let the processes of a team share a transformer, which each of them has loaded.

    Args:
        network: of a class with a plan, see `check_shared`.
        mine: this process.
        device: where the network computes.
    """
    from diffusers.hooks import apply_context_parallel

    config = _config(mine, device.type)
    # The library's own `enable_parallelism` does these two things, and asks for an accelerator first.
    for name, layer in network.named_modules():
        towards_words = name.endswith("attn2")  # which every process has, whole
        if not towards_words and hasattr(getattr(layer, "processor", None), "_parallel_config"):
            layer.processor._parallel_config = config
    apply_context_parallel(network, config.context_parallel_config, _plan(network))
    # It tells once that a time for all tokens is not split, which is as it should be.
    logging.getLogger("diffusers.hooks.context_parallel").setLevel(logging.ERROR)


def check_even(shape: LatentShape, stride: Stride, *, size: int) -> None:
    """Raise `UsageError` unless each of `size` processes can have as many tokens of this canvas as the others."""
    high, wide = shape.height // stride.patch, shape.width // stride.patch
    if shape.frames // stride.depth * high * wide % size == 0:
        return
    even = next(each for each in count(wide) if high * each % size == 0)
    side = stride.space * stride.patch
    raise UsageError(
        f"{size} processes cannot share {wide * side}x{high * side} evenly",
        remedy=f"Use --size {even * side}x{high * side}",
    )


def held_whole(network: Any, tokens: int) -> int:
    """Bytes that each process holds undivided at most.

    Tokens, until the first block has taken its share, and the prediction, gathered and laid out anew.
    """
    at_first = 0 if "hidden_states" in network._cp_plan.get("", {}) else _width(network)
    width = at_first + 2 * int(network.proj_out.out_features)
    return tokens * width * int(network.dtype.itemsize)


def sent(network: Any, tokens: int, *, size: int) -> float:
    """Bytes that each of `size` processes sends to the others in a call.

    Queries, keys, values and what was seen travel around self-attention, the result to everyone.
    """
    around = 4 * network.config.num_layers * tokens / size * _width(network) * (size - 1) / size
    result = tokens / size * network.proj_out.out_features * (size - 1)
    return float((around + result) * network.dtype.itemsize)


def _width(network: Any) -> int:
    return int(network.config.num_attention_heads * network.config.attention_head_dim)


def _plan(network: Any) -> dict[str, Any]:
    """The library's for this class, but for two things.

    A time for each token goes with its token, which LTX's plan leaves out; words are whole everywhere, for
    the library shares LTX's out and not the mask that belongs to them.
    """
    from diffusers.models._modeling_parallel import ContextParallelInput

    given = network._cp_plan.get("", {})
    first = {name: each for name, each in given.items() if not name.startswith("encoder_")}
    first["timestep"] = ContextParallelInput(split_dim=1, expected_dims=2)
    return {**network._cp_plan, "": first}


@cache
def _config(mine: Team, kind: str) -> Any:
    """Once for a process: making the groups that talk to each other takes all of them."""
    from diffusers import ContextParallelConfig, ParallelConfig
    from torch.distributed.device_mesh import init_device_mesh

    mesh = init_device_mesh(kind, (1, mine.size), mesh_dim_names=("ring", "ulysses"))
    config = ParallelConfig(
        context_parallel_config=ContextParallelConfig(ulysses_degree=mine.size, mesh=mesh)
    )
    config.setup(mine.rank, mine.size, torch.device(kind, mine.local), mesh=mesh)
    return config
