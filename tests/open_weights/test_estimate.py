"""What a film will cost is counted by the model's own code without its weights."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from kinora.core.cost import count, weight_bytes
from kinora.core.errors import OutOfMemoryError, UnsupportedError
from kinora.core.shape import PixelShape
from kinora.denoise.canvas import blank
from kinora.estimate import Machine, calibrated, check_fits, estimate
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.skeleton import META

Tiny = Callable[[str], Path]

MACHINE = Machine("one", flops=1e9, memory=10**9)
SHAPE = PixelShape(9, 64, 64)

# The library warns of its own parts when networks are made.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


def test_operations_and_live_bytes_are_counted() -> None:
    x, w = torch.empty(8, 16, device=META), torch.empty(16, 32, device=META)
    cost = count(lambda: (x @ w).relu().sum())
    assert cost.flops == 2 * 8 * 16 * 32
    assert cost.peak == 2 * 8 * 32 * 4, "product and its relu at once, the sum when one is gone"
    q = torch.empty(1, 2, 64, 8, device=META)
    seen = count(lambda: torch.nn.functional.scaled_dot_product_attention(q, q, q))
    assert seen.flops == 4 * 2 * 64 * 64 * 8
    assert seen.peak == 2 * 64 * 8 * 4, "no table of every query with every key"


def told(tiny: Tiny, name: str, shape: PixelShape = SHAPE, steps: int = 4) -> dict[str, float]:
    made = estimate(
        Folder(name, tiny(name)), shape=shape, steps=steps, guidance=4.0, machine=MACHINE,
        dtype=torch.float32,
    )  # fmt: skip
    return {stage.name: stage.seconds for stage in made.stages}


def test_a_step_costs_what_it_really_costs(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    canvas = blank(model.stride.latent(SHAPE), channels=16, step=0.25)
    field = model.velocity(canvas, model.read(["a film"]), guidance=4.0)
    with FlopCounterMode(display=False) as real:
        field(canvas.noise(0), torch.ones(3))
    # The counter of torch does not see the processor's fused attention.
    attention = 2 * 2 * sum(4 * 48 * keys * 24 for keys in (48, 512))
    seconds = told(tiny, "wan")["denoise"]
    assert seconds * MACHINE.flops / 4 == pytest.approx(
        real.get_total_flops() + attention, rel=0.02
    )


@pytest.mark.parametrize("name", ["wan-i2v", "vace", "skyreels-df", "cogvideox"])
def test_families_are_counted(tiny: Tiny, name: str) -> None:
    assert all(seconds > 0 for seconds in told(tiny, name).values())


def test_more_frames_and_steps_cost_more(tiny: Tiny) -> None:
    small, large = told(tiny, "ltx"), told(tiny, "ltx", PixelShape(17, 64, 64), steps=8)
    assert large["denoise"] > 2 * small["denoise"]
    assert large["decode"] > 1.5 * small["decode"]
    assert large["text"] == small["text"]


def test_weights_are_known_before_they_are_loaded(tiny: Tiny) -> None:
    made = estimate(
        Folder("wan", tiny("wan")), shape=SHAPE, steps=1, guidance=1.0, machine=MACHINE,
        dtype=torch.float32,
    )  # fmt: skip
    real = weight_bytes(load_open(tiny("wan")).shelf.get("transformer"))
    assert made.stages[1].weights == real


def test_what_does_not_fit_is_refused_with_what_would(tiny: Tiny) -> None:
    folder = Folder("wan", tiny("wan"))

    def again(shape: PixelShape) -> object:
        return estimate(
            folder, shape=shape, steps=1, guidance=1.0, machine=MACHINE, dtype=torch.float32
        )

    large, small = again(PixelShape(33, 512, 512)), again(PixelShape(17, 512, 512))
    between = Machine("one", 1e9, (large.peak + small.peak) // 2)
    with pytest.raises(OutOfMemoryError, match="would fit: 512x512x17"):
        check_fits(large, between, again=again)
    check_fits(small, between, again=again)
    with pytest.raises(UnsupportedError, match="depends on the words"):
        told(tiny, "hunyuan")


def test_a_machine_is_measured_once(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    machine = calibrated(torch.device("cpu"), cache=file)
    assert machine.flops > 1e6
    assert machine.memory > 10**8
    kept = json.loads(file.read_text())
    kept["cpu"]["flops"] = 1.0
    file.write_text(json.dumps(kept))
    assert calibrated(torch.device("cpu"), cache=file).flops == 1.0
