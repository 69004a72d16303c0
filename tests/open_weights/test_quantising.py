"""Weights that are quantised while they are read: by wish or where nothing else fits; told, and the same again."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from kinora.cli.main import main
from kinora.core.cost import Cost, count
from kinora.core.errors import OutOfMemoryError, UsageError
from kinora.core.machine import Machine, calibrated
from kinora.core.shape import LatentShape, PixelShape
from kinora.denoise.canvas import blank
from kinora.estimate.film import Estimate, Wish
from kinora.estimate.predict import fitted, predict
from kinora.generate import Request, generate
from kinora.media.sidecar import read_sidecar
from kinora.open_weights import quantised
from kinora.open_weights.family import Prepared
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.outside import Outside, dressed, outside_of, stacked
from kinora.open_weights.quantised import Weights
from kinora.open_weights.remember import Memory
from kinora.open_weights.shelf import Placement, Plan
from kinora.open_weights.skeleton import META, heard, skeleton

Tiny = Callable[[str], Path]
WISH = Request(("a red ball.",), seconds=0.5, height=32, width=32, steps=4, seed=1)
INT8 = Outside(weights="int8")
SMALL = Wish(PixelShape(5, 32, 32), steps=2, guidance=1.0)
FILM = ("--seconds", "0.25", "--size", "32x32", "--steps", "2", "--guidance", "1", "--seed", "1")
MACHINE = Machine(
    "cpu", 10**9, products=1e9, attention=1e9, convolutions=1e9, traffic=1e9, call=0.0
)

torchao = pytest.importorskip("torchao", reason="torchao is no dependency: pip install torchao")

# The libraries warn of their own parts when networks are read, wrapped or traced.
pytestmark = pytest.mark.filterwarnings("ignore")


def open_as(folder: Path, outside: Outside, *, plan: Plan = "resident") -> OpenModel:
    model = dressed(load_open(folder, placement=Placement(plan=plan)), outside)
    assert isinstance(model, OpenModel)
    return model


def film(folder: Path, outside: Outside = INT8, *, plan: Plan = "resident") -> Tensor:
    return generate(open_as(folder, outside, plan=plan), WISH).latents


def foretold(folder: Path, weights: Weights = "whole") -> Estimate:
    return predict(
        Folder("wan", folder), SMALL, machine=MACHINE, dtype=torch.float32, weights=weights
    )


@pytest.fixture(scope="module")
def heavy(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Wan whose transformer is the largest of its networks, as published ones are."""
    from diffusers import WanTransformer3DModel

    folder = Path(shutil.copytree(tiny("wan"), tmp_path_factory.mktemp("heavy") / "wan"))
    told = json.loads((folder / "transformer" / "config.json").read_text())
    shutil.rmtree(folder / "transformer")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        sizes = {**told, "ffn_dim": 2**15, "num_layers": 8}
        network = WanTransformer3DModel.from_config(sizes)
    network.save_pretrained(folder / "transformer")
    return folder


@pytest.fixture
def between(heavy: Path) -> int:
    """Memory in which only quantised weights fit."""
    whole, small = foretold(heavy).peak(), foretold(heavy, "int8").peak()
    assert small < 0.8 * whole
    return (whole + small) // 2


@pytest.mark.parametrize(
    "name", ["wan", "wan-a14b", "vace", "ltx", "cogvideox", "mochi", "hunyuan"]
)
def test_a_film_of_quantised_weights_is_near_that_of_the_whole_and_another(
    tiny: Tiny, name: str
) -> None:
    whole = film(tiny(name), Outside())
    off = film(tiny(name)) - whole
    assert 1e-5 < off.square().mean().sqrt() / whole.std() < 0.1


@pytest.mark.parametrize("name", ["wan", "wan-a14b"])
def test_linear_weights_of_transformers_lie_in_bytes_and_nothing_else(
    tiny: Tiny, name: str
) -> None:
    shelf = open_as(tiny(name), INT8).shelf
    experts = [part for part in ("transformer", "transformer_2") if shelf.folder.kind(part)]
    for part in (*experts, "text_encoder", "vae"):
        layers = [
            (name, type(layer.weight).__name__)
            for name, layer in shelf.get(part).named_modules()
            if isinstance(layer, torch.nn.Linear)
        ]
        fine = {name for name, kind in layers if kind != "Int8Tensor"}
        every = {name for name, _ in layers}
        kept = {each for each in every if "time_embedder" in each}
        assert fine == (kept if part in experts else every)
        assert kept or part not in experts


@pytest.mark.parametrize("plan", ["sequential", "offload"])
def test_it_is_the_same_film_in_every_placement(tiny: Tiny, plan: Plan) -> None:
    assert torch.equal(film(tiny("wan"), plan=plan), film(tiny("wan")))


def test_what_is_done_from_outside_goes_together(tiny: Tiny, style: Path) -> None:
    worn = Outside(stacked([(style, 1.0)]))
    plain, styled = film(tiny("wan"), INT8), film(tiny("wan"), replace(worn, weights="int8"))
    near = (styled - film(tiny("wan"), worn)).abs().max()
    assert 0 < near < 0.1 * (styled - plain).abs().max()
    mute = Outside(stacked([(style, 0.0)]), weights="int8")
    torch.testing.assert_close(film(tiny("wan"), mute), plain, atol=1e-5, rtol=1e-5)
    for more in (
        Outside(compiled=True, backend="eager"),
        Outside(attention="_native_math"),
        Outside(step_cache=1e-9),
    ):
        both = film(tiny("wan"), replace(more, weights="int8"))
        torch.testing.assert_close(both, plain, atol=1e-3, rtol=1e-3)
    skipped = film(tiny("wan"), Outside(step_cache=10.0, weights="int8"))
    assert (skipped - plain).abs().max() > 0.01


@pytest.mark.parametrize("name", ["wan", "ltx", "cogvideox"])
@pytest.mark.parametrize("weights", ["whole", "int8"])
def test_a_pass_costs_what_was_foretold(tiny: Tiny, name: str, weights: Weights) -> None:
    real = load_open(tiny(name), placement=Placement(weights=weights))
    bare = skeleton(Folder(name, tiny(name)), dtype=torch.float32, weights=weights)
    words = real.read(["a red ball."]).states[0]
    with torch.inference_mode():
        shapes = heard(bare)
    done, told = one_pass(real, words, "cpu"), one_pass(bare, shapes, "meta")
    assert told.products == done.products
    assert told.peak == pytest.approx(done.peak, rel=0.01)
    assert told.traffic == pytest.approx(done.traffic, rel=0.1)
    assert told.calls == pytest.approx(done.calls, rel=0.25)


def one_pass(model: OpenModel, words: Any, device: str) -> Cost:
    """Of the second pass, when the words are known."""
    canvas, memory = blank(LatentShape(5, 8, 12), channels=model.channels, step=0.25), Memory()
    coarse = device == "meta" and model.family.grain == "clip"
    level = torch.ones(len(canvas), device=META if coarse else "cpu")
    x = canvas.latents.to(device)

    def call() -> Tensor:
        return model.one_pass("transformer", x, level, words, Prepared(), memory, name="0")

    count(call)
    return count(call)


@pytest.mark.parametrize("name", ["wan", "ltx", "cogvideox"])
def test_bytes_of_quantised_weights_are_known_before_they_are_loaded(tiny: Tiny, name: str) -> None:
    network = load_open(tiny(name), placement=Placement(weights="int8")).shelf.get("transformer")
    stages = predict(
        Folder(name, tiny(name)), SMALL, machine=MACHINE, dtype=torch.float32, weights="int8"
    ).stages
    assert stages[1].weights == sum(map(held, (*network.parameters(), *network.buffers())))


@pytest.mark.parametrize("name", ["wan-a14b", "wan-causal", "wan-i2v", "vace", "skyreels-df"])
def test_every_family_that_is_counted_is_counted_so_too(tiny: Tiny, name: str) -> None:
    wish = replace(SMALL, shape=PixelShape(9, 32, 32))
    whole, small = (
        predict(Folder(name, tiny(name)), wish, machine=MACHINE, dtype=torch.float32, weights=each)
        for each in ("whole", "int8")
    )
    assert small.stages[1].weights < 0.7 * whole.stages[1].weights
    assert small.stages[1].seconds > whole.stages[1].seconds, "weights are made whole in every call"
    assert small.stages[::2] == whole.stages[::2]


def held(tensor: Tensor) -> int:
    """Bytes of a tensor, of a quantised one those of its parts."""
    if not hasattr(tensor, "__tensor_flatten__"):
        return tensor.numel() * tensor.element_size()
    return sum(held(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])


def test_weights_are_not_counted_once_more_as_work(heavy: Path) -> None:
    denoise = foretold(heavy).stages[1]
    assert denoise.working < denoise.weights / 4


def test_it_is_taken_only_where_nothing_else_fits(heavy: Path, between: int) -> None:
    model, whole = load_open(heavy), foretold(heavy)
    for memory, plan, weights in (
        (whole.peak("resident"), "resident", "whole"),
        (whole.peak("sequential"), "sequential", "whole"),
        (between, "sequential", "int8"),
    ):
        found = fitted(model, SMALL, machine=replace(MACHINE, memory=memory))
        assert isinstance(found, OpenModel)
        placement = found.shelf.placement
        assert (placement.plan, placement.weights) == (plan, weights)
        assert bool(found.notes) == bool(found.told) == (weights == "int8")
    with pytest.raises(OutOfMemoryError, match="with weights in int8"):
        fitted(model, SMALL, machine=replace(MACHINE, memory=1000))


def test_what_was_wished_stays_where_more_would_fit(heavy: Path) -> None:
    wished = open_as(heavy, INT8)
    found = fitted(wished, SMALL, machine=MACHINE)
    assert isinstance(found, OpenModel)
    assert found.shelf.placement == Placement(plan="resident", weights="int8")
    assert found.checksums() == wished.checksums() != load_open(heavy).checksums()


def test_a_missing_package_is_named(
    heavy: Path, between: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantised, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"torchao is missing.*pip install torchao"):
        open_as(heavy, INT8)
    with pytest.raises(UsageError, match=r"torchao is missing.*pip install torchao"):
        fitted(load_open(heavy), SMALL, machine=replace(MACHINE, memory=between))
    assert fitted(load_open(heavy), SMALL, machine=MACHINE).checksums()


def test_what_is_quantised_is_not_quantised_again(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("wan"), tmp_path / "wan"))
    file = folder / "transformer" / "config.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "quantization_config": {"quant_method": "torchao"}}))
    with pytest.raises(UsageError, match=r"transformer is quantised already.*Leave out --quantise"):
        open_as(folder, INT8)
    assert quantised.quantisable(Folder("wan", folder)) == ("whole",)


def test_a_film_by_wish_tells_so_and_is_the_same_again(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.mp4"
    words = ["generate", "a red ball.", "--model", str(tiny("wan")), *FILM, "-o", str(file)]
    assert main([*words, "--quantise", "int8"]) == 0
    assert "Note: weights quantised to int8" in capsys.readouterr().err
    told = read_sidecar(file).model
    assert told is not None
    assert told.outside == {"quantise": "int8"}
    assert outside_of(told.outside) == INT8
    assert main(["rerun", str(file)]) == 0
    again = capsys.readouterr()
    assert "the same latents, the same frames" in again.out
    assert "not those the film was made with" not in again.err
    told_whole = json.loads(file.with_name("a.mp4.json").read_text())
    told_whole["model"]["outside"] = {}
    file.with_name("a.mp4.json").write_text(json.dumps(told_whole))
    assert main(["rerun", str(file), "-o", str(tmp_path / "whole.mp4")]) == 0
    assert "other latents" in capsys.readouterr().out, "the placement decides the film"


def test_a_film_where_nothing_else_fits_tells_so_and_is_the_same_again(
    heavy: Path,
    between: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    calibrated(torch.device("cpu"))
    (calibration,) = (tmp_path / "cache").rglob("*.json")
    known = json.loads(calibration.read_text())

    def room(memory: int) -> None:
        told = {name: {**each, "memory": memory} for name, each in known.items()}
        calibration.write_text(json.dumps(told))

    file = tmp_path / "a.mp4"
    words = ["generate", "a red ball.", "--model", str(heavy), *FILM, "-o", str(file)]
    room(between)
    assert main(words) == 0
    assert "Note: weights quantised to int8" in capsys.readouterr().err
    told = read_sidecar(file).model
    assert told is not None
    assert told.outside == {"quantise": "int8"}
    edit = ["extend", str(file), "--seconds", "0.25", "--steps", "2", "--guidance", "1"]
    assert main([*edit, "--seed", "1", "-o", str(tmp_path / "longer.mp4")]) == 0
    assert "Note: weights quantised to int8" in capsys.readouterr().err
    longer = read_sidecar(tmp_path / "longer.mp4").model
    assert longer is not None
    assert longer.outside == {"quantise": "int8"}
    room(10**12)
    for each in ("a.mp4", "longer.mp4"):
        assert main(["rerun", str(tmp_path / each)]) == 0
        again = capsys.readouterr()
        assert "the same latents, the same frames" in again.out
        assert "not those the film was made with" not in again.err


def test_every_placement_is_told_before_the_start(
    heavy: Path,
    between: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = ["estimate", str(heavy), "--seconds", "0.25", "--size", "32x32", "--guidance", "1"]
    assert main([*words, "--memory", str(between / 1e9), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["plan"] == "sequential int8"
    places = told["placements"]
    assert list(places) == ["resident", "sequential", "resident int8", "sequential int8"]
    assert [each["fits"] for each in places.values()] == [False, False, False, True]
    assert places["sequential"]["peak_gb"] > places["sequential int8"]["peak_gb"] == told["peak_gb"]
    assert all("needs" not in each for each in places.values()), "torchao is here"
    monkeypatch.setattr(quantised, "find_spec", lambda _: None)
    assert main([*words, "--json"]) == 0
    places = json.loads(capsys.readouterr().out)["placements"]
    assert [each.get("needs") for each in places.values()][1::2] == [None, "pip install torchao"]
