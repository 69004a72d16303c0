"""Run by torchrun: every process takes its part in the dreams of tests/open_weights/test_together.py.

In: a JSON file of dreams. Out: beside it, what the first process dreamt and what one pass cost it.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kinora.core.cost import Cost, count
from kinora.core.shape import LatentShape
from kinora.core.team import assembled, enlisted
from kinora.denoise.canvas import Canvas, blank
from kinora.denoise.loop import denoise
from kinora.open_weights.follow import follow
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.outside import Outside, dressed
from kinora.open_weights.quantised import Weights
from kinora.open_weights.remember import Memory
from kinora.open_weights.shelf import Placement, Plan


@dataclass(frozen=True)
class Dream:
    """A folder, the sides of a canvas in latents, whether its first frame is known, and what is done to it."""

    folder: str
    sides: tuple[int, int, int]
    held: bool = False
    plan: Plan = "resident"
    attention: str = ""
    weights: Weights = "whole"

    def model(self) -> OpenModel:
        plain = load_open(Path(self.folder), placement=Placement(plan=self.plan))
        model = dressed(plain, Outside(attention=self.attention, weights=self.weights))
        assert isinstance(model, OpenModel)
        return model

    def canvas(self, model: OpenModel) -> Canvas:
        canvas = blank(LatentShape(*self.sides), channels=model.channels, step=0.25)
        level = canvas.level.clone()
        level[0] = 0.0 if self.held else 1.0
        return canvas.with_(level=level)


def dreamt(dream: Dream) -> Tensor:
    """Two guided steps, so that words are heard twice."""
    model = dream.model()
    canvas = dream.canvas(model)
    return denoise(
        canvas,
        model.velocity(canvas, model.read(["a red ball."]), guidance=2.0),
        noise=canvas.noise(0),
        schedule=model.schedule(canvas, steps=2, shift=None),
        hold=model.capabilities.holding(canvas),
    ).latents


class Sent(TorchDispatchMode):
    """Bytes of this process that go to others, as the library's collectives are called."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.bytes = size, 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        if "all_to_all_single" in name or "all_gather_into_tensor" in name:
            held = args[0].numel() * args[0].element_size()
            share = (self.size - 1) / self.size if "all_to_all" in name else self.size - 1
            self.bytes += held * share
        return func(*args, **(kwargs or {}))


def cost(dream: Dream, *, size: int) -> Cost:
    """Of the second pass, when the words are known, in this process."""
    model, memory = dream.model(), Memory()
    canvas, words = dream.canvas(model), model.read(["a red ball."]).states[0]
    prepared = model.family.prepare(model.shelf, model.codec, canvas)

    def one_pass() -> Tensor:
        return model.one_pass(
            "transformer", canvas.latents, canvas.level, words, prepared, memory, name="0"
        )

    sent = Sent(size)
    with torch.inference_mode():
        one_pass()
        with sent:
            one_pass()
    return count(one_pass) + Cost(moved=sent.bytes)


def main(file: Path) -> None:
    dreams = [
        Dream(**{**each, "sides": tuple(each["sides"])}) for each in json.loads(file.read_text())
    ]
    mine = enlisted()
    assert mine is not None, "torchrun runs this"
    with assembled(mine):
        if not mine.leads:
            follow(mine)
            return
        films = {str(number): dreamt(each).contiguous() for number, each in enumerate(dreams)}
        spent = asdict(cost(dreams[0], size=mine.size))
    save_file(films, file.with_suffix(".safetensors"))
    file.with_suffix(".cost").write_text(json.dumps(spent))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
    os._exit(0)
