"""What a film will cost is counted by the model's own code without its weights."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from kinora.core.clip import Clip
from kinora.core.cost import Heap, count, weight_bytes
from kinora.core.errors import OutOfMemoryError, UnsupportedError
from kinora.core.machine import Machine, calibrated
from kinora.core.shape import PixelShape
from kinora.denoise.canvas import blank
from kinora.estimate.film import Estimate, Wish, check_fits
from kinora.estimate.own import PROMPT
from kinora.estimate.predict import fitted, predict
from kinora.models.store import load_bundle, save_bundle
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.shelf import Plan
from kinora.open_weights.skeleton import META
from kinora.timeline.extend import Extend
from kinora.timeline.perform import placed
from tiny import tiny_bundle, tiny_model_folder

__all__ = ["tiny_model_folder"]

Tiny = Callable[[str], Path]

MACHINE = Machine(
    "one", 10**9, products=1e9, attention=1e9, convolutions=1e9, traffic=1e30, call=0.0
)
"""Whose seconds are FLOPs and nothing else."""
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
    assert cost.traffic == 4 * (8 * 16 + 16 * 32 + 8 * 32 + 2 * 8 * 32 + 8 * 32 + 1)
    assert cost.fresh == 4 * 2 * 8 * 32, "the heap grows to what is alive"
    q = torch.empty(1, 2, 64, 8, device=META)
    seen = count(lambda: torch.nn.functional.scaled_dot_product_attention(q, q, q))
    assert seen.flops == 4 * 2 * 64 * 64 * 8
    assert seen.peak == 2 * 64 * 8 * 4, "no table of every query with every key"


def test_what_the_heap_keeps_is_not_paid_for_twice() -> None:
    mib, heap = 2**20, Heap()

    def blocks(number: int, size: int) -> float:
        def work() -> None:
            kept = [torch.empty(size, dtype=torch.uint8, device=META) for _ in range(number)]
            del kept[:]

        return count(work, heap=heap).fresh / mib

    assert blocks(3, mib) == 3, "each by itself, until one has come back"
    assert blocks(3, mib // 2) == 1.5, "then from the heap, which grows"
    assert blocks(3, mib // 2) == 0
    assert blocks(5, mib // 2) == 1
    assert blocks(5, mib // 2) == 2.5, "more than twice the largest block goes back in the end"
    assert blocks(1, 33 * mib) == blocks(1, 33 * mib) == 33, "very large ones always do"


def made(
    folder: Path, shape: PixelShape = SHAPE, *, steps: int = 4, guidance: float = 4.0
) -> Estimate:
    wish = Wish(shape, steps, guidance)
    return predict(Folder(folder.name, folder), wish, machine=MACHINE, dtype=torch.float32)


def told(folder: Path, shape: PixelShape = SHAPE, *, steps: int = 4) -> dict[str, float]:
    return {stage.name: stage.seconds for stage in made(folder, shape, steps=steps).stages}


def test_a_step_costs_what_it_really_costs(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    canvas = blank(model.stride.latent(SHAPE), channels=16, step=0.25)
    field = model.velocity(canvas, model.read(["a film"]), guidance=4.0)
    x = canvas.noise(0)
    with FlopCounterMode(display=False) as first:
        field(x, torch.ones(3))
    with FlopCounterMode(display=False) as later:
        field(x, torch.ones(3))
    assert later.get_total_flops() < 0.8 * first.get_total_flops(), "words are read once"
    # The counter of torch does not see the processor's fused attention.
    attention = 2 * 2 * sum(4 * 48 * keys * 24 for keys in (48, 512))
    real = first.get_total_flops() + 3 * later.get_total_flops() + 4 * attention
    assert told(tiny("wan"))["denoise"] * MACHINE.products == pytest.approx(real, rel=0.02)


@pytest.mark.parametrize("name", ["vace", "cogvideox", "cogvideox-1.5", "cogvideox-1.5-i2v"])
def test_families_are_counted(tiny: Tiny, name: str) -> None:
    assert all(seconds > 0 for seconds in told(tiny(name)).values())


def test_a_streaming_film_costs_the_same_for_every_block_once_its_memory_is_full(
    tiny: Tiny,
) -> None:
    def dreamt(latents: int) -> float:
        shape = PixelShape(1 + 4 * (latents - 1), 64, 64)
        return made(tiny("wan-causal"), shape, guidance=1.0).stages[1].seconds

    first, second, whole, more, most = (dreamt(latents) for latents in (3, 6, 21, 24, 27))
    full = more - whole
    assert full == pytest.approx(most - more, rel=1e-6)
    assert full > 1.05 * (second - first), "it looks back, further and further"


def test_more_frames_and_steps_cost_more(tiny: Tiny) -> None:
    small, large = told(tiny("ltx")), told(tiny("ltx"), PixelShape(17, 64, 64), steps=8)
    assert large["denoise"] > 2 * small["denoise"]
    assert large["decode"] > 1.5 * small["decode"]
    assert large["text"] == small["text"]


def test_weights_are_known_before_they_are_loaded(tiny: Tiny) -> None:
    real = weight_bytes(load_open(tiny("wan")).shelf.get("transformer"))
    assert made(tiny("wan")).stages[1].weights == real


def test_our_own_bundle_is_counted_too(tiny_model_folder: Path) -> None:
    bundle = load_bundle(tiny_model_folder)
    shape = PixelShape(9, 64, 96)
    canvas = blank(bundle.stride.latent(shape), channels=bundle.channels, step=0.5)
    text = bundle.read([PROMPT])
    x = canvas.noise(0)
    with FlopCounterMode(display=False) as real, torch.inference_mode():
        bundle.velocity(canvas, text, guidance=4.0)(x, canvas.level)
    counted = predict(
        Folder("own", tiny_model_folder), Wish(shape, 1, 4.0), machine=MACHINE, dtype=torch.float32
    )
    dreamt, words = counted.stages[1], text.states.mask.shape[1]
    attention = 2 * 2 * 2 * 18 * 64 * (2 * 18 + words)  # two blocks, one of which looks at words
    flops = dreamt.seconds * MACHINE.products
    assert flops == pytest.approx(real.get_total_flops() + attention, rel=0.02)
    assert dreamt.weights == weight_bytes(bundle.transformer)
    assert counted.peak("resident") == counted.peak("sequential"), "its networks stay"


def test_a_film_of_many_windows_costs_time_and_not_memory(tiny_model_folder: Path) -> None:
    short, long = (
        made(tiny_model_folder, PixelShape(frames, 64, 96)).stages[1] for frames in (33, 33 + 80)
    )
    assert 3 < long.seconds / short.seconds < 6
    assert long.working < 1.5 * short.working


def test_a_film_that_streams_behind_a_memory_is_counted_chunk_by_chunk(tmp_path: Path) -> None:
    bundle = tiny_bundle()
    index = bundle.index.model_copy(update={"causal": True})
    folder = save_bundle(replace(bundle, index=index), tmp_path / "streams")
    short, long = (made(folder, PixelShape(frames, 64, 96)).stages[1] for frames in (129, 249))
    assert 1.7 < long.seconds / short.seconds < 2.3
    assert long.working < 1.4 * short.working


def test_what_does_not_fit_is_refused_with_what_would(tiny: Tiny) -> None:
    def again(shape: PixelShape) -> tuple[Estimate]:
        return (made(tiny("wan"), shape, steps=1, guidance=1.0),)

    (large,), (small,) = again(PixelShape(33, 512, 512)), again(PixelShape(17, 512, 512))
    between = replace(MACHINE, memory=(large.peak("offload") + small.peak("offload")) // 2)
    with pytest.raises(OutOfMemoryError, match="would fit: 512x512x17"):
        check_fits([large], between, again=again)
    fitting, plan = check_fits([small], between, again=again)
    assert fitting is small
    assert plan in ("resident", "sequential", "offload")


@pytest.mark.parametrize("name", ["hunyuan", "mochi"])
def test_what_depends_on_the_words_is_not_guessed(tiny: Tiny, name: str) -> None:
    with pytest.raises(UnsupportedError, match="depends on the words"):
        told(tiny(name))
    model = load_open(tiny(name))
    assert fitted(model, Wish(SHAPE, 1, 1.0), machine=MACHINE) is model, "and it is not refused"


def test_the_fastest_placement_that_fits_is_taken(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    wish = Wish(SHAPE, 1, 1.0)
    predicted = made(tiny("wan"), steps=1, guidance=1.0)
    plans = ("resident", "sequential", "offload")
    peaks = [predicted.peak(plan) for plan in plans]
    assert peaks == sorted(peaks, reverse=True)
    for plan, peak in zip(plans, peaks, strict=True):
        machine = replace(MACHINE, memory=peak)
        found = fitted(model, wish, machine=machine)
        assert isinstance(found, OpenModel)
        assert predicted.plan(machine) == found.shelf.placement.plan
        if peaks.count(peak) == 1:
            assert found.shelf.placement.plan == plan
    with pytest.raises(OutOfMemoryError, match="needs"):
        fitted(model, wish, machine=replace(MACHINE, memory=1000))
    bundle = tiny_bundle()
    assert fitted(bundle, wish, machine=replace(MACHINE, memory=1000)) is bundle


def test_an_edit_is_placed_where_it_fits(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_open(tiny("wan"))
    film = Clip(np.zeros((9, 64, 64, 3), np.uint8), model.capabilities.fps)
    more = 4 / model.capabilities.fps
    longer = Extend(seconds=more, steps=1, guidance=1.0)
    wish = Wish(model.stride.snap(PixelShape(13, 64, 64)), 1, 1.0)
    dtype = model.shelf.placement.dtype
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    machine = calibrated(torch.device("cpu"))
    predicted = predict(model.shelf.folder, wish, machine=machine, dtype=dtype)
    (file,) = tmp_path.rglob("*.json")
    known = json.loads(file.read_text())
    assert predicted.peak("sequential") < predicted.peak("resident")
    plans: tuple[Plan, ...] = ("sequential", "resident")
    for plan in plans:
        memory = predicted.peak(plan)
        told = {name: {**each, "memory": memory} for name, each in known.items()}
        file.write_text(json.dumps(told))
        there = placed(model, longer, [film])
        assert isinstance(there, OpenModel)
        assert there.shelf.placement.plan == plan
    file.write_text(json.dumps({name: {**each, "memory": 1000} for name, each in known.items()}))
    with pytest.raises(OutOfMemoryError, match="needs"):
        placed(model, longer, [film])


def test_too_large_a_film_ends_the_command_with_what_would_fit(
    tiny: Tiny, kinora: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    told = kinora("estimate", tiny("wan"), "--size", "512x512", "--memory", "0.001")
    assert told.returncode == 4, told.stderr
    assert "needs" in told.stderr


def test_a_machine_is_measured_once(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text('{"cpu": {"device": "cpu", "flops": 1.0, "memory": 1}}')
    machine = calibrated(torch.device("cpu"), cache=file)
    assert min(machine.products, machine.attention, machine.convolutions, machine.traffic) > 1e6
    assert machine.fresh > 1e6
    assert 0 < machine.call < 1e-2
    assert machine.memory > 10**8
    kept = json.loads(file.read_text())
    kept["cpu"]["products"] = 1.0
    file.write_text(json.dumps(kept))
    assert calibrated(torch.device("cpu"), cache=file).products == 1.0


def test_a_calibration_that_cannot_be_read_or_written_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    whole = calibrated(torch.device("cpu"), cache=file)
    for broken in (file.read_text()[:50], "[1, 2]", "\0"):
        file.write_text(broken)
        assert calibrated(torch.device("cpu"), cache=file).memory == whole.memory
        assert json.loads(file.read_text())["cpu"]["memory"] == whole.memory
    assert [each.name for each in tmp_path.iterdir()] == ["machine.json"]
    nowhere = file / "below a file" / "machine.json"
    assert calibrated(torch.device("cpu"), cache=nowhere).memory == whole.memory
