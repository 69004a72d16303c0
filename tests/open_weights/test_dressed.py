"""Added weights, a step cache, compiling and a kernel by wish: as by hand, told in the sidecar, refused elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from kinora.cli.main import main
from kinora.cli.options import Quantise
from kinora.cli.outside import From, weighed
from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.generate import Request, generate
from kinora.media.sidecar import read_sidecar
from kinora.open_weights.attention import Task, usable
from kinora.open_weights.cache import psnr
from kinora.open_weights.load import load_open
from kinora.open_weights.lora import Lora, add
from kinora.open_weights.model import OpenModel
from kinora.open_weights.outside import Outside, dressed, every_step, outside_of, stacked
from kinora.timeline.project import project
from tiny import tiny_bundle

Tiny = Callable[[str], Path]
WISH = Request(("a red ball.",), seconds=0.5, height=32, width=32, steps=4, seed=1)

# The library warns of its own parts when networks are read, wrapped or traced.
pytestmark = pytest.mark.filterwarnings("ignore")


def film(model: Any) -> Tensor:
    return generate(model, WISH).latents


def test_added_weights_by_wish_are_those_by_hand(tiny: Tiny, style: Path) -> None:
    wished = dressed(load_open(tiny("wan")), Outside(stacked([(style, 0.5)])))
    by_hand = load_open(tiny("wan"))
    assert isinstance(wished, OpenModel)
    assert wished.shelf.loaded() == (), "nothing is loaded before its turn"
    plain = film(by_hand)
    add(by_hand, [Lora("x", style, 0.5)])
    assert torch.equal(film(wished), film(by_hand))
    assert not torch.equal(film(wished), plain)


def test_a_step_cache_forgets_between_films_and_tells_its_cost(tiny: Tiny) -> None:
    model = dressed(load_open(tiny("wan")), Outside(step_cache=10.0))
    assert isinstance(model, OpenModel)
    first, again = film(model), film(model)
    assert torch.equal(first, again)
    with every_step(model) as plain:
        whole = film(plain)
        assert plain.checksums() != model.checksums()
    assert torch.equal(whole, film(load_open(tiny("wan"))))
    assert 0 < psnr(first, whole) < 100
    assert torch.equal(film(model), first)


def test_added_weights_stack_beneath_a_step_cache(tiny: Tiny, style: Path) -> None:
    halves = Outside(stacked([(style, 0.5), (style, 0.5)]), 1e-9)
    whole = film(dressed(load_open(tiny("wan")), Outside(stacked([(style, 1.0)]))))
    both = film(dressed(load_open(tiny("wan")), halves))
    torch.testing.assert_close(both, whole, atol=1e-4, rtol=1e-4)


def test_blocks_are_compiled_when_they_are_loaded(tiny: Tiny) -> None:
    model = dressed(load_open(tiny("wan")), Outside(compiled=True, backend="eager"))
    assert isinstance(model, OpenModel)
    assert is_compiled(model.shelf.get("transformer").blocks[0])
    both = dressed(load_open(tiny("wan")), Outside(step_cache=10.0, compiled=True, backend="eager"))
    cached = film(dressed(load_open(tiny("wan")), Outside(step_cache=10.0)))
    torch.testing.assert_close(film(both), cached, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(film(both), cached, atol=1e-4, rtol=1e-4)


def is_compiled(block: Any) -> bool:
    return hasattr(block.forward, "_torchdynamo_orig_callable")


@pytest.mark.parametrize(
    "name", ["wan", "wan-causal", "vace", "skyreels-df", "ltx", "hunyuan-first"]
)
def test_a_kernel_by_wish_is_used_by_every_layer_and_by_no_other_model(
    tiny: Tiny, name: str
) -> None:
    network = network_of(dressed(load_open(tiny(name)), Outside(attention="_native_math")))
    chosen = kernels(network)
    assert chosen
    assert set(chosen) == {"_native_math"}
    assert set(kernels(network_of(load_open(tiny(name))))) == {None}


@pytest.mark.parametrize("name", ["wan", "hunyuan"])
def test_a_film_by_another_kernel_is_the_same_film(tiny: Tiny, name: str) -> None:
    wished = dressed(load_open(tiny(name)), Outside(attention="_native_math"))
    torch.testing.assert_close(film(wished), film(load_open(tiny(name))), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ["cogvideox", "mochi"])
def test_where_the_library_leaves_no_choice_of_kernels_none_is_taken(tiny: Tiny, name: str) -> None:
    model = dressed(load_open(tiny(name)), Outside(attention="_native_math"))
    with pytest.raises(UnsupportedError, match="one way of attention"):
        network_of(model)


def network_of(model: Any) -> Any:
    return model.shelf.get("transformer")


def kernels(network: Any) -> list[str | None]:
    processors = [getattr(layer, "processor", None) for layer in network.modules()]
    # Where HunyuanVideo reads its words the library leaves no choice.
    return [each._attention_backend for each in processors if hasattr(each, "_attention_backend")]


@pytest.mark.parametrize(
    ("typed", "said"), [("fastest", "there is no"), ("_native_npu", "not run")]
)
def test_a_kernel_that_does_not_run_here_is_refused_with_those_that_do(
    tiny: Tiny, typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "a red ball.", "--model", str(tiny("wan")), "--attention", typed]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert said in told
    offered = told.partition("One of: ")[2].strip().split(", ")
    assert offered == usable(Task())
    assert {"native", "_native_math"} <= set(offered)


def test_a_kernel_that_hides_no_words_is_for_families_that_show_all(tiny: Tiny) -> None:
    dressed(load_open(tiny("wan")), Outside(attention="_native_flash"))
    with pytest.raises(UsageError, match="words that are hidden from it"):
        dressed(load_open(tiny("ltx")), Outside(attention="_native_flash"))


def test_a_sidecar_tells_the_kernel(tiny: Tiny, tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    words = ["generate", "a red ball.", "--model", str(tiny("wan")), "--seconds", "0.5"]
    words += ["--size", "32x32", "--steps", "2", "--seed", "1", "-o", str(file)]
    assert main([*words, "--attention", "_native_math"]) == 0
    told = read_sidecar(file).model
    assert told is not None
    assert outside_of(told.outside) == Outside(attention="_native_math")
    assert main(["rerun", str(file)]) == 0


def test_a_sidecar_brings_it_back(tiny: Tiny, style: Path) -> None:
    wish = Outside(stacked([(style, 0.5)]), 0.05)
    assert "attention" not in wish.told(), "films from before it could be chosen keep their hash"
    assert outside_of(wish.told()) == wish
    assert outside_of({}) == Outside()
    model = load_open(tiny("wan"))
    one = dressed(model, wish)
    assert one.checksums() != model.checksums()
    assert one.checksums() == dressed(model, outside_of(wish.told())).checksums()


def test_our_own_model_takes_none(style: Path) -> None:
    ours = tiny_bundle()
    assert From().put_on(ours) is ours
    for typed in (
        From([str(style)]),
        From(step_cache=0.05),
        From(compiled=True),
        From(attention="native"),
        From(quantise=Quantise.INT8),
    ):
        with pytest.raises(UnsupportedError, match="published models"):
            typed.put_on(ours)


def test_what_was_typed_is_checked_before_anything_is_loaded(tiny: Tiny, tmp_path: Path) -> None:
    model = load_open(tiny("wan"))
    with pytest.raises(NotFoundError, match="there is no file"):
        From([str(tmp_path / "none.safetensors")]).put_on(model)
    with pytest.raises(UsageError, match="not safetensors"):
        From(["weights.bin:0.5"]).put_on(model)
    with pytest.raises(UsageError, match="is not a weight"):
        weighed("style.safetensors:heavy")
    assert weighed("a/style.safetensors:0.6") == (Path("a/style.safetensors"), 0.6)
    assert weighed("style.safetensors") == (Path("style.safetensors"), 1.0)
    assert model.shelf.loaded() == ()


@pytest.mark.parametrize(("threshold", "said"), [("1e-9", "skipped no step"), ("10", "dB PSNR")])
def test_what_a_step_cache_costs_is_told(
    tiny: Tiny, threshold: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "a red ball.", "--model", str(tiny("wan")), "--seconds", "0.5"]
    words += ["--size", "32x32", "--steps", "6", "--seed", "1", "-o", str(tmp_path / "a.mp4")]
    assert main([*words, "--step-cache", threshold, "--psnr"]) == 0
    assert said in capsys.readouterr().err


def test_what_was_rendered_is_exported_as_it_was_rendered(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("opentimelineio", reason="needs the extra: pip install kinora[export]")
    monkeypatch.chdir(tmp_path)
    Path("board.toml").write_text(
        "seconds = 0.5\nwidth = 32\nheight = 32\nsteps = 6\n[[card]]\nat = 0\nprompt = 'a red ball'\n"
    )
    dressed_as = ["--model", str(tiny("wan")), "--step-cache", "10"]
    assert main(["storyboard", "board.toml", *dressed_as, "-q"]) == 0
    assert main(["export", "film.otio", *dressed_as]) == 0
    pieces = project().cache.folder
    assert len(list(pieces.iterdir())) == 1
    assert main(["export", "film.otio", *dressed_as[:2]]) == 0
    assert len(list(pieces.iterdir())) == 2
