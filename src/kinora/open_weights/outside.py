"""A published model with what is wished from outside. In: added weights, a step cache, a kernel. Out: a model.

Networks are dressed when they are loaded, so a placement that holds one at a time still does; a step cache
forgets at the start of every canvas, for its last step says nothing about another's first.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from kinora.core.errors import UnsupportedError, UsageError
from kinora.core.team import team
from kinora.denoise.model import FilmModel
from kinora.media.sidecar import sha256
from kinora.open_weights.attention import Task, check_backend, use
from kinora.open_weights.cache import FirstBlock
from kinora.open_weights.compiled import compile_blocks
from kinora.open_weights.family import Family
from kinora.open_weights.lora import Lora, check, wear
from kinora.open_weights.model import OpenModel
from kinora.open_weights.quantised import Weights, check_quantising
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.words import T5Reading


@dataclass(frozen=True)
class Outside:
    """What is done to a published network without changing it.

    Args:
        loras: added weights, all of them at once.
        step_cache: relative change of the first block below which a step reuses the rest; 0 is none.
        compiled: whether transformer blocks run as compiled code.
        backend: of `torch.compile`.
        attention: the library's name of the kernel that attends; empty leaves the choice to it.
        weights: how transformers hold their linear weights; `whole` leaves the choice to the placement.
    """

    loras: tuple[Lora, ...] = ()
    step_cache: float = 0.0
    compiled: bool = False
    backend: str = "inductor"
    attention: str = ""
    weights: Weights = "whole"

    def __bool__(self) -> bool:
        return self != Outside(backend=self.backend)

    def told(self) -> dict[str, Any]:
        """For a sidecar: all that decides the film, files with their hash; weights are told by `OpenModel.told`."""
        if not replace(self, weights="whole"):
            return {}
        loras = [
            {"file": str(each.file), "weight": each.weight, "sha256": sha256(each.file)}
            for each in self.loras
        ]
        told = {"lora": loras, "step_cache": self.step_cache, "compile": self.compiled}
        # Unless wished it is not told: films from before there was the choice keep their hash.
        return {**told, "attention": self.attention} if self.attention else told


def outside_of(told: Mapping[str, Any]) -> Outside:
    """What `OpenModel.told` told."""
    if not told:
        return Outside()
    loras = stacked([(Path(each["file"]), each["weight"]) for each in told.get("lora", ())])
    return Outside(
        loras, told.get("step_cache", 0.0), told.get("compile", False),
        attention=told.get("attention", ""), weights=told.get("quantise", "whole"),
    )  # fmt: skip


def stacked(files: list[tuple[Path, float]]) -> tuple[Lora, ...]:
    """Files with their weights, each under a name of its own."""
    return tuple(
        Lora(f"{number}-{file.stem}", file, weight) for number, (file, weight) in enumerate(files)
    )


def dressed(model: FilmModel, outside: Outside) -> FilmModel:
    """The model with all of it; without any wish, the model as it is.

    Raises:
        UnsupportedError: it is our own bundle, which has nothing to be done to from outside.
        NotFoundError: a file is not there.
        UsageError: a file is not safetensors, the threshold is negative, the kernel does not run here, or the
            weights cannot be quantised.
    """
    if not outside:
        return model
    if not isinstance(model, OpenModel):
        raise UnsupportedError(
            "--lora, --step-cache, --compile, --attention and --quantise are for published models, and "
            f"{model.name} is our own",
            remedy="Leave them out, or name a published model with --model",
        )
    if outside.step_cache and model.capabilities.streams_only:
        raise UnsupportedError(
            f"{model.name} has no step to skip: its few steps were taught to differ",
            remedy="Leave out --step-cache",
        )
    if outside.step_cache and team() is not None:
        raise UnsupportedError(
            "a step cache cannot be shared by several processes",
            why="each would judge by its own part of the picture what is to be skipped",
            remedy="Leave out --step-cache, or run it without torchrun",
        )
    if outside.step_cache < 0:
        raise UsageError("a step cache's threshold is not negative", remedy="Try 0.05")
    for lora in outside.loras:
        check(lora)
    before = model.shelf
    place = before.placement
    if outside.weights != "whole":
        check_quantising(before.folder)
        place = replace(place, weights=outside.weights)
    if outside.attention:
        reading = model.family.read
        masked = not isinstance(reading, T5Reading) or reading.mask is not None
        check_backend(
            outside.attention, Task(place.device, place.dtype, masked, team() is not None)
        )
    shelf = Shelf(
        before.folder, place,
        dress=partial(_dress, model.family, outside),
        cache=FirstBlock(outside.step_cache) if outside.step_cache else None,
    )  # fmt: skip
    return OpenModel(model.family, shelf, outside=outside.told())


@contextmanager
def every_step(model: OpenModel) -> Iterator[OpenModel]:
    """The same model without its step cache, for as long as the block lasts."""
    with model.shelf.without_cache():
        yield replace(model, outside={**model.outside, "step_cache": 0.0})


def _dress(family: Family, outside: Outside, network: Any) -> None:
    if family.adapt is not None:
        family.adapt(network)
    if outside.loras:
        wear(network, family.name, outside.loras)
    if outside.attention:
        use(network, outside.attention, name=family.name)
    if outside.compiled:
        compile_blocks(network, name=family.name, backend=outside.backend)
