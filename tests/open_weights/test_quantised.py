"""Weights in few bits are read by the libraries' own support, or refused before anything is loaded."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from kinora.core.errors import OutOfMemoryError, UnsupportedError, UsageError
from kinora.core.machine import Machine
from kinora.core.shape import PixelShape
from kinora.estimate.film import Estimate, Wish
from kinora.estimate.predict import fitted, predict
from kinora.generate import Request, generate
from kinora.open_weights import quantised
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.quantised import Weights
from kinora.open_weights.shelf import Placement, Plan
from kinora.open_weights.skeleton import skeleton

Tiny = Callable[[str], Path]
MACHINE = Machine(
    "cpu", 10**9, products=1e9, attention=1e9, convolutions=1e9, traffic=1e9, call=0.0
)
PLANS: tuple[Plan, ...] = ("resident", "sequential")
"""Of a processor."""
SMALL = Wish(PixelShape(5, 32, 32), steps=2, guidance=1.0)
WISH = Request(("a red ball.",), seconds=0.5, height=32, width=32, steps=2, seed=1)

# The libraries warn of their own parts when networks are read.
pytestmark = pytest.mark.filterwarnings("ignore")

needs_torchao = pytest.mark.skipif(
    find_spec("torchao") is None, reason="torchao is no dependency: pip install torchao"
)


def quantising(folder: Path, component: str, config: dict[str, Any]) -> None:
    """The folder with a component that says it is quantised."""
    file = folder / component / "config.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "quantization_config": config}))


def foretold(folder: Path, *, weights: Weights = "whole") -> Estimate:
    return predict(
        Folder("wan", folder), SMALL, machine=MACHINE, dtype=torch.float32, weights=weights
    )


@pytest.fixture
def copied(tiny: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny("wan"), tmp_path / "wan"))


@pytest.fixture
def in_bytes(copied: Path) -> Path:
    """A tiny Wan whose transformer and text encoder were saved in int8."""
    import diffusers
    import transformers
    from torchao.quantization import Int8WeightOnlyConfig

    for library, kind, part in (
        (diffusers, "WanTransformer3DModel", "transformer"),
        (transformers, "UMT5EncoderModel", "text_encoder"),
    ):
        wish = library.TorchAoConfig(Int8WeightOnlyConfig())
        kept = str(copied / part)
        network = getattr(library, kind).from_pretrained(kept, quantization_config=wish)
        shutil.rmtree(kept)
        network.save_pretrained(kept)
    return copied


@needs_torchao
@pytest.mark.parametrize("plan", ["resident", "sequential", "offload"])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 0.2), (torch.bfloat16, 0.4)])
def test_a_film_by_weights_in_bytes_is_nearly_the_same(
    in_bytes: Path, tiny: Tiny, plan: Plan, dtype: torch.dtype, near: float
) -> None:
    model = load_open(in_bytes, placement=Placement(dtype=dtype, plan=plan))
    film, whole = (generate(each, WISH).latents for each in (model, load_open(tiny("wan"))))
    assert 0 < (film - whole).abs().max() < near, "of latents that spread by 1.5"
    network = model.shelf.get("transformer")
    assert type(network.blocks[0].ffn.net[2].weight).__name__ == "Int8Tensor"
    assert network.dtype == dtype
    kept = network.condition_embedder.time_embedder.linear_1.weight
    assert kept.dtype == torch.float32, "what must stay fine is"


def held(network: torch.nn.Module) -> int:
    """Bytes of all parameters and buffers, of quantised ones those of their parts."""
    return sum(_bytes(each) for each in (*network.parameters(), *network.buffers()))


def _bytes(tensor: torch.Tensor) -> int:
    if not hasattr(tensor, "__tensor_flatten__"):
        return tensor.numel() * tensor.element_size()
    return sum(_bytes(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])


@needs_torchao
def test_what_quantised_files_hold_is_told_by_their_headers(in_bytes: Path) -> None:
    bare, real = skeleton(Folder("wan", in_bytes), dtype=torch.float32), load_open(in_bytes)
    for part in ("transformer", "text_encoder"):
        assert held(bare.shelf.get(part)) == held(real.shelf.get(part))


@needs_torchao
def test_a_release_in_bytes_is_placed_by_what_it_costs(in_bytes: Path, tiny: Tiny) -> None:
    told, whole = (foretold(folder) for folder in (in_bytes, tiny("wan")))
    assert [each.weights for each in told.stages[:2]] < [each.weights for each in whole.stages[:2]]
    model = load_open(in_bytes)
    for plan in PLANS:
        found = fitted(model, SMALL, machine=replace(MACHINE, memory=told.peak(plan)))
        assert isinstance(found, OpenModel)
        assert found.shelf.placement.plan == plan
        assert found.told == {}, "it is what was published"
    with pytest.raises(OutOfMemoryError, match="needs"):
        fitted(model, SMALL, machine=replace(MACHINE, memory=1000))


def test_of_quantised_files_that_are_not_here_nothing_is_told(copied: Path) -> None:
    quantising(copied, "transformer", {"quant_method": "torchao"})
    for file in (copied / "transformer").glob("*.safetensors"):
        file.unlink()
    with pytest.raises(UnsupportedError, match=r"quantised.*kinora models pull wan"):
        foretold(copied)


def test_quantised_files_that_do_not_tell_of_a_layer_are_not_guessed(copied: Path) -> None:
    from safetensors.torch import load_file, save_file

    quantising(copied, "transformer", {"quant_method": "torchao"})
    (file,) = (copied / "transformer").glob("*.safetensors")
    kept = {name: t for name, t in load_file(file).items() if not name.startswith("proj_out.w")}
    save_file(kept, file)
    with pytest.raises(UnsupportedError, match=r"do not tell what transformer holds of proj_out"):
        foretold(copied)


@pytest.mark.parametrize(
    ("config", "package"),
    [
        ({"quant_method": "torchao"}, "torchao"),
        ({"quant_method": "quanto"}, "optimum-quanto"),
        ({"quant_method": "bitsandbytes"}, "bitsandbytes"),
        ({"load_in_8bit": True}, "bitsandbytes"),
    ],
)
def test_a_missing_package_is_named_before_anything_is_loaded(
    copied: Path, config: dict[str, Any], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quantising(copied, "text_encoder", config)
    monkeypatch.setattr(quantised, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=f"text_encoder is quantised.*pip install {package}"):
        load_open(copied)


def test_what_cannot_be_read_here_is_refused(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "find_spec", lambda _: True)
    quantising(copied, "transformer", {"quant_method": "bitsandbytes"})
    with pytest.raises(UnsupportedError, match="on a GPU only"):
        load_open(copied)
    quantised.check_quantised(Folder("wan", copied), torch.device("cuda"))
    quantising(copied, "transformer", {"quant_method": "nunchaku_lite"})
    with pytest.raises(UnsupportedError, match=r"nunchaku_lite.*torchao or"):
        load_open(copied)
