"""Weights in few bits are read by the libraries' own support, or refused before anything is loaded."""

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from kinora.core.errors import UnsupportedError, UsageError
from kinora.estimate.predict import fitted
from kinora.generate import Request, generate
from kinora.open_weights import quantised
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.shelf import Placement, Plan
from kinora.open_weights.skeleton import skeleton

Tiny = Callable[[str], Path]
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


@needs_torchao
def test_what_costs_nobody_can_tell_is_placed_as_ever(in_bytes: Path) -> None:
    from kinora.core.shape import PixelShape
    from kinora.estimate.film import Wish

    model = load_open(in_bytes)
    wish = Wish(PixelShape(5, 32, 32), steps=2, guidance=1.0)
    assert fitted(model, wish) is model


def test_an_estimate_of_weights_in_few_bits_is_refused(copied: Path) -> None:
    quantising(copied, "transformer", {"quant_method": "torchao"})
    with pytest.raises(UnsupportedError, match="quantised"):
        skeleton(Folder("wan", copied))


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
