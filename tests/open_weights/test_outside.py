"""What is done to a published network from outside: placing, caching, hiding, adding, streaming its decoder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.core.machine import PRECISION
from kinora.core.shape import LatentShape
from kinora.denoise.canvas import blank
from kinora.denoise.loop import denoise
from kinora.generate import load
from kinora.open_weights.attention import attention
from kinora.open_weights.cache import psnr, step_cache
from kinora.open_weights.causal import block_causal, streaming
from kinora.open_weights.compiled import compiled
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.lora import Lora, add, check, remove, weigh
from kinora.open_weights.model import OpenModel
from kinora.open_weights.remember import Listening, hasten
from kinora.open_weights.shelf import Placement, Plan
from kinora.open_weights.skeleton import skeleton
from kinora.open_weights.stream import Tiling, draw, stream

Tiny = Callable[[str], Path]

# The library warns of its own parts when networks are read or wrapped.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


def film(model: OpenModel, *, steps: int = 3, guidance: float = 2.0) -> Tensor:
    canvas = blank(LatentShape(3, 4, 4), channels=model.channels, step=0.25)
    return denoise(
        canvas,
        model.velocity(canvas, model.read(["a red ball."]), guidance=guidance),
        noise=canvas.noise(0),
        schedule=model.schedule(canvas, steps=steps, shift=None),
        hold=model.capabilities.holding(canvas),
    ).latents


@pytest.mark.parametrize("name", ["wan", "wan-ti2v"])
def test_decoding_frame_by_frame_is_decoding_the_whole(tiny: Tiny, name: str) -> None:
    vae = load_open(tiny(name)).codec.vae
    z = torch.randn(1, vae.config.z_dim, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    parts = list(stream(vae, z))
    assert [len(part) for part in parts] == [1, 4, 4, 4]
    with torch.inference_mode():
        whole = vae.decode(z).sample[0].transpose(0, 1)
    torch.testing.assert_close(torch.cat(parts), whole, atol=1e-6, rtol=0)


def test_overlapping_tiles_come_near_the_whole(tiny: Tiny) -> None:
    vae = load_open(tiny("wan")).codec.vae
    z = torch.randn(1, 16, 2, 20, 12, generator=torch.Generator().manual_seed(0))
    # Attention sees the whole picture; in a random network it would drown what the tiles do.
    for block in vae.decoder.mid_block.attentions:
        block.proj.weight.data.zero_()

    def drawn(tiling: Tiling | None) -> Any:
        return np.concatenate(list(draw(vae, z, tiling=tiling))).astype(int)

    whole = drawn(None)
    near, far = (np.abs(drawn(Tiling(16, overlap)) - whole).mean() for overlap in (8, 1))
    assert whole.shape == (5, 160, 96, 3)
    assert near < 0.03 * np.ptp(whole)
    assert near < 0.9 * far
    assert Tiling(side=8, overlap=4).starts(17) == [0, 4, 8, 9]


def test_bfloat16_keeps_what_must_stay_float32(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = film(load_open(tiny("wan")))
    monkeypatch.setenv(PRECISION, "bf16")
    model = load_open(tiny("wan"))
    network = model.shelf.get("transformer")
    kept = {name for name, weight in network.named_parameters() if weight.dtype == torch.float32}
    assert any("scale_shift_table" in name for name in kept)
    assert any("time_embedder" in name for name in kept)
    assert network.blocks[0].ffn.net[2].weight.dtype == torch.bfloat16
    assert model.codec.vae.dtype == torch.float32
    latents = film(model)
    assert latents.dtype == torch.float32
    assert psnr(latents, whole) > 25


@pytest.mark.parametrize("plan", ["sequential", "offload"])
def test_plans_change_memory_and_nothing_else(tiny: Tiny, plan: Plan) -> None:
    model = load_open(tiny("wan"), placement=Placement(plan=plan))
    latents = film(model)
    assert "text_encoder" not in model.shelf.loaded()
    torch.testing.assert_close(latents, film(load_open(tiny("wan"))), atol=1e-5, rtol=1e-5)
    model.shelf.next_film()
    assert ("transformer" in model.shelf.loaded()) == (plan == "offload")
    assert torch.equal(film(model), latents), "a second film of the same process"


def test_step_caching_skips_and_its_loss_is_measured(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    whole = film(model, steps=6)
    calls = counted(model.shelf.get("transformer").blocks[1])
    with step_cache(model, threshold=0.0):
        assert psnr(film(model, steps=6), whole) > 90
    full = calls[0]
    with step_cache(model, threshold=10.0):
        skipped = film(model, steps=6)
    assert calls[0] - full < full
    assert 5 < psnr(skipped, whole) < 90
    assert torch.equal(film(model, steps=6), whole), "nothing of it stays"
    with pytest.raises(UnsupportedError), step_cache(_without_cache(model)):
        pass


def _without_cache(model: OpenModel) -> OpenModel:
    bare = OpenModel(model.family, load_open(Path(model.name)).shelf)
    bare.shelf.put("transformer", torch.nn.Identity())
    return bare


def counted(layer: Any) -> list[int]:
    calls = [0]

    def count(*_: Any) -> None:
        calls[0] += 1

    layer.ffn.register_forward_hook(count)
    return calls


@pytest.mark.parametrize(("name", "layer"), [("wan", "to_k"), ("skyreels", "to_v")])
def test_words_are_turned_into_keys_once(tiny: Tiny, name: str, layer: str) -> None:
    model = load_open(tiny(name))
    network, asked = model.shelf.get("transformer"), [0]
    block = network.blocks[0]
    getattr(block.attn2, layer).register_forward_hook(lambda *_: asked.append(1))
    read: list[int] = []
    embedder = network.condition_embedder.text_embedder
    embedder.register_forward_hook(lambda _, states, __: read.append(states[0].shape[1]))
    film(model, steps=3)
    assert sum(asked) == 2, "once for the prompt and once for the negative one"
    assert read == [512, 512, 1, 1, 1, 1], "and then nobody reads them"
    film(model, steps=1)
    assert sum(asked) == 4, "the next film reads its own words"


def test_only_the_librarys_own_attention_is_replaced(tiny: Tiny) -> None:
    network = load_open(tiny("wan")).shelf.get("transformer")
    mine = object()
    network.blocks[0].attn2.set_processor(mine)
    hasten(network)
    assert network.blocks[0].attn2.processor is mine
    assert type(network.blocks[1].attn2.processor) is Listening


def test_attention_backends_give_the_same_film_and_leave_no_trace(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    whole = film(model)
    with attention("_native_math"):
        torch.testing.assert_close(film(model), whole, atol=1e-4, rtol=1e-4)
    assert torch.equal(film(model), whole)
    with pytest.raises(UsageError, match="One of: "), attention("none"):
        pass


# Tracing through the library's own code warns of what the library does.
@pytest.mark.filterwarnings("ignore")
def test_compiled_blocks_make_the_same_film_and_leave_no_trace(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    whole, block = film(model), model.shelf.get("transformer").blocks[0]
    with compiled(model, backend="eager"):
        assert is_compiled(block)
        torch.testing.assert_close(film(model), whole, atol=1e-4, rtol=1e-4)
    assert torch.equal(film(model), whole)
    with pytest.raises(UnsupportedError), compiled(_without_cache(model)):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_step_cache_decides_outside_of_compiled_blocks(tiny: Tiny) -> None:
    """What is compiled does not grow with the steps, and steps are skipped as they are without it."""
    model, made = load_open(tiny("wan")), [0, 0]

    def backend(which: int) -> Callable[..., Any]:
        def keep(graph: Any, inputs: Any) -> Any:
            made[which] += 1
            return graph.forward

        return keep

    with step_cache(model, threshold=10.0):
        cached = film(model, steps=6)
    with compiled(model, backend=backend(0)):
        whole = film(model, steps=6)
    torch._dynamo.reset()
    with compiled(model, backend=backend(1)), step_cache(model, threshold=10.0):
        both = film(model, steps=6)
    torch.testing.assert_close(both, cached, atol=1e-4, rtol=1e-4)
    assert psnr(both, whole) < 90
    assert 0 < made[1] <= made[0]
    torch._dynamo.reset()


def is_compiled(block: Any) -> bool:
    return hasattr(block.forward, "_torchdynamo_orig_callable")


def test_a_block_causal_network_does_not_see_what_comes_later(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    causal = OpenModel(streaming(model.family), model.shelf)
    block_causal(model.shelf.get("transformer"), block=2)
    canvas = blank(LatentShape(4, 4, 4), channels=16, step=0.25)
    field = causal.velocity(canvas, causal.read(["x"]), guidance=1.0)
    x, level = canvas.noise(0), torch.tensor([0.2, 0.2, 1.0, 1.0])
    before = field(x, level)
    after = field(torch.cat([x[:2], -x[2:]]), level)
    assert torch.equal(before[:2], after[:2])
    assert (before[2:] - after[2:]).abs().max() > 0.1
    assert causal.capabilities.hold == "native"


def test_added_weights_stack_and_weigh(tiny: Tiny, style: Path) -> None:
    model = load_open(tiny("wan"))
    base = film(model)
    add(model, [Lora("style", style)])
    full = film(model)
    assert (full - base).abs().max() > 0.01
    weigh(model, {"style": 0.0})
    torch.testing.assert_close(film(model), base, atol=1e-5, rtol=1e-5)
    weigh(model, {})
    assert torch.equal(film(model), base)
    add(model, [Lora("half", style, 0.5), Lora("other half", style, 0.5)])
    torch.testing.assert_close(film(model), full, atol=1e-4, rtol=1e-4)
    remove(model, ["style", "half", "other half"])
    assert torch.equal(film(model), base)


def test_added_weights_that_do_not_fit(tiny: Tiny, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    model = load_open(tiny("wan"))
    with pytest.raises(UsageError, match="not safetensors"):
        add(model, [Lora("x", tmp_path / "x.bin")])
    with pytest.raises(NotFoundError):
        add(model, [Lora("x", tmp_path / "x.safetensors")])
    names = ("lora_A", "lora_B")
    save_file(
        {f"transformer.nowhere.{name}.weight": torch.zeros(2, 2) for name in names},
        tmp_path / "x.safetensors",
    )
    with pytest.raises(UsageError, match="fits no weights"):
        add(model, [Lora("x", tmp_path / "x.safetensors")])
    (tmp_path / "x.safetensors").write_text("<!doctype html>, says a page that wants a login")
    with pytest.raises(UsageError, match="not safetensors"):
        check(Lora("x", tmp_path / "x.safetensors"))


@pytest.mark.parametrize("name", ["wan-causal", "cogvideox-i2v", "hunyuan-i2v"])
def test_families_that_were_made_of_others_take_their_added_weights(
    tiny: Tiny, tmp_path: Path, name: str
) -> None:
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import save_file

    network = load_open(tiny(name)).shelf.get("transformer")
    network.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=["to_q", "to_v"]))
    state = {f"transformer.{key}": v for key, v in get_peft_model_state_dict(network).items()}
    save_file(state, tmp_path / "style.safetensors")
    model = load_open(tiny(name))
    add(model, [Lora("style", tmp_path / "style.safetensors", 0.5)])
    assert list(model.shelf.get("transformer").peft_config) == ["kinora_style"]


def test_a_network_of_an_unknown_class_is_named(tiny: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("wan"), tmp_path / "wan")
    index = json.loads((folder / "model_index.json").read_text())
    index["transformer"] = ["diffusers", "DreamTransformer"]
    (folder / "model_index.json").write_text(json.dumps(index))
    told = r"transformer is a DreamTransformer.*pip install"
    for shelf in (load_open(folder).shelf, skeleton(Folder(str(folder), folder)).shelf):
        with pytest.raises(UnsupportedError, match=told):
            shelf.get("transformer")


def test_a_missing_tokenizer_and_foreign_code_are_named(tiny: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("wan"), tmp_path / "wan")
    shutil.rmtree(folder / "tokenizer")
    with pytest.raises(NotFoundError, match="tokenizer cannot be loaded"):
        load_open(folder).shelf.get("tokenizer")
    index = json.loads((folder / "model_index.json").read_text())
    index["vae"] = ["elsewhere", "AutoencoderKLWan"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(UnsupportedError, match="of elsewhere, whose code is not run"):
        load_open(folder).shelf.get("vae")


def test_weights_of_a_folder_that_are_cut_short(tiny: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("wan"), tmp_path / "wan")
    weights = next((folder / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(NotFoundError, match=r"cannot be loaded.*Copy the folder again"):
        load_open(folder).shelf.get("transformer")


def test_loading_tells_what_is_wrong(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(UnsupportedError, match=r"FluxPipeline.*WanPipeline"):
        load(tmp_path)
    with pytest.raises(NotFoundError, match="kinora models pull no/where"):
        load("no/where")
    assert isinstance(load(tiny("wan")), OpenModel)
