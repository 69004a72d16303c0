"""Tiny random models in the real on-disk layout, written once a session: `tiny("wan")` is a folder.

Weights are drawn so that every part of a network matters: a fresh network is nearly the identity, and
parity with it would prove nothing.
"""

import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

Tiny = Callable[[str], Path]

FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}


def lively(network: nn.Module, *, gain: float = 1.0) -> nn.Module:
    """Every weight drawn anew with unit gain, norms around one."""
    generator = torch.Generator().manual_seed(7)
    for name, weight in network.named_parameters():
        drawn = torch.randn(weight.shape, generator=generator)
        if weight.ndim < 2 or "norm" in name or name.endswith("gamma"):
            base = 1.0 if name.endswith(("weight", "gamma")) else 0.0
            weight.data = base + 0.1 * drawn
        else:
            weight.data = gain * drawn / weight[0].numel() ** 0.5
    return network.eval()


def t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    letters = [(letter, -5.0) for letter in string.ascii_letters + string.digits + ".,"]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), ("▁", -2.0)]
    return T5Tokenizer(vocab=special + letters, extra_ids=0)


def t5_encoder(*, many_languages: bool = False) -> nn.Module:
    from transformers import T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

    sizes: dict[str, Any] = {
        "vocab_size": 256, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4,
        "feed_forward_proj": "gated-gelu", "is_encoder_decoder": False,
    }  # fmt: skip
    if many_languages:
        return lively(UMT5EncoderModel(UMT5Config(**sizes)))
    return lively(T5EncoderModel(T5Config(**sizes)))


def wan_vae(**changes: Any) -> nn.Module:
    from diffusers import AutoencoderKLWan

    channels = changes.pop("z_dim", 16)
    scale = torch.Generator().manual_seed(3)
    return lively(
        AutoencoderKLWan(
            base_dim=3, z_dim=channels, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=(0.3 * torch.randn(channels, generator=scale)).tolist(),
            latents_std=(0.5 + torch.rand(channels, generator=scale)).tolist(),
            **changes,
        )
    )  # fmt: skip


def wan_sizes(channels: int = 16, **changes: Any) -> dict[str, Any]:
    return {
        "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12,
        "in_channels": channels, "out_channels": channels, "text_dim": 32, "freq_dim": 256,
        "ffn_dim": 64, "num_layers": 2, "cross_attn_norm": True,
        "qk_norm": "rms_norm_across_heads", "rope_max_seq_len": 64, **changes,
    }  # fmt: skip


def euler(**settings: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**settings)


def unipc(shift: float = 3.0) -> Any:
    """The published scheduler, of first order and without corrector: Euler on its own levels."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        solver_order=1, disable_corrector=list(range(100)), flow_shift=shift, **FLOW
    )


def wan_words() -> dict[str, Any]:
    return {"text_encoder": t5_encoder(many_languages=True), "tokenizer": t5_tokenizer()}


def wan() -> Any:
    from diffusers import WanPipeline, WanTransformer3DModel

    return WanPipeline(
        transformer=lively(WanTransformer3DModel(**wan_sizes())),
        vae=wan_vae(), scheduler=euler(shift=3.0), **wan_words(),
    )  # fmt: skip


def wan_unipc() -> Any:
    pipeline = wan()
    pipeline.register_modules(scheduler=unipc())
    return pipeline


def wan_a14b() -> Any:
    from diffusers import WanPipeline, WanTransformer3DModel

    return WanPipeline(
        transformer=lively(WanTransformer3DModel(**wan_sizes())),
        transformer_2=lively(WanTransformer3DModel(**wan_sizes()), gain=0.7),
        boundary_ratio=0.875, vae=wan_vae(), scheduler=euler(shift=5.0), **wan_words(),
    )  # fmt: skip


def wan_ti2v() -> Any:
    from diffusers import WanPipeline, WanTransformer3DModel

    return WanPipeline(
        transformer=lively(WanTransformer3DModel(**wan_sizes(48))),
        vae=wan_vae(
            z_dim=48, in_channels=12, out_channels=12, is_residual=True, patch_size=2,
            scale_factor_spatial=16,
        ),
        scheduler=euler(shift=5.0), expand_timesteps=True, **wan_words(),
    )  # fmt: skip


def picture_encoder() -> dict[str, Any]:
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    sizes = CLIPVisionConfig(
        hidden_size=4, projection_dim=4, num_hidden_layers=2, num_attention_heads=2,
        image_size=32, intermediate_size=16, patch_size=8,
    )  # fmt: skip
    return {
        "image_encoder": lively(CLIPVisionModel(sizes)),
        "image_processor": CLIPImageProcessor(
            crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32}
        ),
    }


def wan_i2v() -> Any:
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel

    sizes = wan_sizes(in_channels=36, image_dim=4, added_kv_proj_dim=24)
    return WanImageToVideoPipeline(
        transformer=lively(WanTransformer3DModel(**sizes)),
        vae=wan_vae(), scheduler=euler(shift=3.0), **picture_encoder(), **wan_words(),
    )  # fmt: skip


def wan_flf2v() -> Any:
    """First and last frame: the states of two pictures, each with a place of its own."""
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel

    sizes = wan_sizes(in_channels=36, image_dim=4, added_kv_proj_dim=24, pos_embed_seq_len=2 * 17)
    return WanImageToVideoPipeline(
        transformer=lively(WanTransformer3DModel(**sizes)),
        vae=wan_vae(), scheduler=euler(shift=3.0), **picture_encoder(), **wan_words(),
    )  # fmt: skip


def wan_a14b_i2v() -> Any:
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel

    sizes = wan_sizes(in_channels=36)
    return WanImageToVideoPipeline(
        transformer=lively(WanTransformer3DModel(**sizes)),
        transformer_2=lively(WanTransformer3DModel(**sizes), gain=0.7),
        boundary_ratio=0.9, vae=wan_vae(), scheduler=euler(shift=5.0),
        image_encoder=None, image_processor=None, **wan_words(),
    )  # fmt: skip


def vace() -> Any:
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    sizes = wan_sizes(vace_layers=[0], vace_in_channels=96)
    return WanVACEPipeline(
        transformer=lively(WanVACETransformer3DModel(**sizes)),
        vae=wan_vae(), scheduler=euler(shift=3.0), **wan_words(),
    )  # fmt: skip


def skyreels() -> Any:
    from diffusers import SkyReelsV2Pipeline, SkyReelsV2Transformer3DModel

    return SkyReelsV2Pipeline(
        transformer=lively(SkyReelsV2Transformer3DModel(**wan_sizes())),
        vae=wan_vae(), scheduler=unipc(8.0), **wan_words(),
    )  # fmt: skip


def skyreels_df() -> Any:
    from diffusers import SkyReelsV2DiffusionForcingPipeline, SkyReelsV2Transformer3DModel

    sizes = wan_sizes(inject_sample_info=True)
    return SkyReelsV2DiffusionForcingPipeline(
        transformer=lively(SkyReelsV2Transformer3DModel(**sizes)),
        vae=wan_vae(), scheduler=unipc(8.0), **wan_words(),
    )  # fmt: skip


def ltx_parts(**schedule: Any) -> dict[str, Any]:
    from diffusers import AutoencoderKLLTXVideo, LTXVideoTransformer3DModel

    vae = AutoencoderKLLTXVideo(
        in_channels=3, out_channels=3, latent_channels=8, block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1), spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False),
        decoder_inject_noise=(False, False, False, False, False), upsample_residual=(False,) * 4,
        upsample_factor=(1, 1, 1, 1), timestep_conditioning=False, patch_size=1, patch_size_t=1,
        encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    transformer = LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4,
        attention_head_dim=8, cross_attention_dim=32, num_layers=2, caption_channels=32,
    )  # fmt: skip
    vae.latents_mean = 0.2 * torch.randn(8, generator=torch.Generator().manual_seed(1))
    return {
        "transformer": lively(transformer), "vae": lively(vae), "text_encoder": t5_encoder(),
        "tokenizer": t5_tokenizer(), "scheduler": euler(**schedule),
    }  # fmt: skip


def ltx() -> Any:
    from diffusers import LTXPipeline

    dynamic = {
        "use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05,
        "base_image_seq_len": 1024, "max_image_seq_len": 4096, "shift_terminal": 0.1,
    }  # fmt: skip
    return LTXPipeline(**ltx_parts(**dynamic))


def ltx_condition() -> Any:
    from diffusers import LTXConditionPipeline

    return LTXConditionPipeline(**ltx_parts())


def cogvideox_parts(*, vae: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXTransformer3DModel,
    )

    block = "CogVideoX{}Block3D"
    compression = AutoencoderKLCogVideoX(
        in_channels=3, out_channels=3, latent_channels=4, layers_per_block=1, norm_num_groups=2,
        block_out_channels=(8, 8, 8, 8), temporal_compression_ratio=4,
        down_block_types=(block.format("Down"),) * 4, up_block_types=(block.format("Up"),) * 4,
        **(vae or {}),
    )  # fmt: skip
    sizes = {
        "num_attention_heads": 4, "attention_head_dim": 16, "in_channels": 4, "out_channels": 4,
        "time_embed_dim": 8, "text_embed_dim": 32, "num_layers": 2, "sample_width": 8,
        "sample_height": 8, "sample_frames": 9, "patch_size": 2, "temporal_compression_ratio": 4,
        "max_text_seq_length": 16, "use_rotary_positional_embeddings": True, **changes,
    }  # fmt: skip
    scheduler = CogVideoXDDIMScheduler(
        beta_schedule="scaled_linear", prediction_type="v_prediction", rescale_betas_zero_snr=True,
        snr_shift_scale=1.0, timestep_spacing="trailing", beta_start=0.00085, beta_end=0.012,
    )  # fmt: skip
    return {
        "transformer": lively(CogVideoXTransformer3DModel(**sizes)), "vae": lively(compression),
        "scheduler": scheduler, "text_encoder": t5_encoder(), "tokenizer": t5_tokenizer(),
    }  # fmt: skip


def cogvideox() -> Any:
    from diffusers import CogVideoXPipeline

    return CogVideoXPipeline(**cogvideox_parts())


def cogvideox_newer() -> Any:
    """1.5: tokens span two latent frames, places are cut from the largest picture."""
    from diffusers import CogVideoXPipeline

    return CogVideoXPipeline(**cogvideox_parts(patch_size_t=2, patch_bias=False))


def cogvideox_i2v() -> Any:
    from diffusers import CogVideoXImageToVideoPipeline

    learnt = {"use_learned_positional_embeddings": True, "sample_width": 4, "sample_height": 4}
    return CogVideoXImageToVideoPipeline(**cogvideox_parts(in_channels=8, **learnt))


def cogvideox_newer_i2v() -> Any:
    from diffusers import CogVideoXImageToVideoPipeline

    newer = {"patch_size_t": 2, "patch_bias": False, "ofs_embed_dim": 8, "in_channels": 8}
    return CogVideoXImageToVideoPipeline(
        **cogvideox_parts(vae={"invert_scale_latents": True, "scaling_factor": 0.7}, **newer)
    )


def mochi() -> Any:
    from diffusers import AutoencoderKLMochi, MochiPipeline, MochiTransformer3DModel

    vae = AutoencoderKLMochi(
        latent_channels=12, out_channels=3, encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32), layers_per_block=(1, 1, 1, 1, 1),
    )  # fmt: skip
    transformer = MochiTransformer3DModel(
        patch_size=2, num_attention_heads=2, attention_head_dim=8, num_layers=2, pooled_projection_dim=16,
        in_channels=12, out_channels=None, qk_norm="rms_norm", text_embed_dim=32, time_embed_dim=4,
        activation_fn="swiglu", max_sequence_length=16,
    )  # fmt: skip
    return MochiPipeline(
        transformer=lively(transformer), vae=lively(vae), scheduler=euler(invert_sigmas=True),
        text_encoder=t5_encoder(), tokenizer=t5_tokenizer(),
    )  # fmt: skip


def bytes_tokenizer() -> Any:
    from transformers import Qwen2Tokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    vocabulary = {letter: index for index, letter in enumerate(bytes_to_unicode().values())}
    vocabulary["<|endoftext|>"] = len(vocabulary)
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[])
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + ' ' }}{% endfor %}"
    )
    return tokenizer


def hunyuan_parts(*, task: str) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        HunyuanVideo15Transformer3DModel,
    )
    from transformers import ByT5Tokenizer, Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    reader = Qwen2_5_VLTextConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2,
        num_key_value_heads=2, vocab_size=300, max_position_embeddings=4096,
        rope_scaling={"type": "default", "rope_type": "default", "mrope_section": [1, 1, 2]},
    )  # fmt: skip
    transformer = HunyuanVideo15Transformer3DModel(
        in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=2,
        num_refiner_layers=1, mlp_ratio=2.0, patch_size=1, patch_size_t=1, text_embed_dim=16,
        text_embed_2_dim=32, image_embed_dim=12, rope_axes_dim=(2, 2, 4), target_size=16,
        task_type=task,
    )  # fmt: skip
    vae = AutoencoderKLHunyuanVideo15(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(16, 16, 16),
        layers_per_block=1, spatial_compression_ratio=4, temporal_compression_ratio=2,
        scaling_factor=0.7,
    )  # fmt: skip
    return {
        "transformer": lively(transformer), "vae": lively(vae), "scheduler": euler(shift=5.0),
        "text_encoder": lively(Qwen2_5_VLTextModel(reader)), "tokenizer": bytes_tokenizer(),
        "text_encoder_2": t5_encoder(), "tokenizer_2": ByT5Tokenizer(),
        "guider": ClassifierFreeGuidance(guidance_scale=4.0),
    }  # fmt: skip


def hunyuan() -> Any:
    from diffusers import HunyuanVideo15Pipeline

    return HunyuanVideo15Pipeline(**hunyuan_parts(task="t2v"))


def hunyuan_i2v() -> Any:
    from diffusers import HunyuanVideo15ImageToVideoPipeline
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    sizes = SiglipVisionConfig(
        hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=16, patch_size=4,
    )  # fmt: skip
    return HunyuanVideo15ImageToVideoPipeline(
        **hunyuan_parts(task="i2v"), image_encoder=lively(SiglipVisionModel(sizes)),
        feature_extractor=SiglipImageProcessor(size={"height": 16, "width": 16}),
    )  # fmt: skip


def clip_reader() -> dict[str, Any]:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    pieces = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    last = len(vocabulary) - 1
    sizes = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=8, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2, projection_dim=8, bos_token_id=last - 1, eos_token_id=last,
        pad_token_id=last,
    )  # fmt: skip
    return {
        "text_encoder_2": lively(CLIPTextModel(sizes)),
        "tokenizer_2": CLIPTokenizer(vocab=vocabulary, merges=[]),
    }


def hunyuan_first() -> Any:
    from diffusers import (
        AutoencoderKLHunyuanVideo,
        HunyuanVideoPipeline,
        HunyuanVideoTransformer3DModel,
    )
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE
    from transformers import LlamaConfig, LlamaModel, T5Tokenizer

    # Long words in one piece: the instructions fill the 95 ids that are cut off, and not the prompt's.
    spoken = sorted(set(DEFAULT_PROMPT_TEMPLATE["template"].split()))
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), ("▁", -2.0)]
    letters = [(letter, -50.0) for letter in string.printable.strip()]
    words = [(f"▁{word}", -3.0) for word in spoken if len(word) > 6]
    reader = LlamaConfig(
        vocab_size=len(special + words + letters), hidden_size=16, intermediate_size=16,
        num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    transformer = HunyuanVideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=10, num_layers=1,
        num_single_layers=1, num_refiner_layers=1, patch_size=1, patch_size_t=1, guidance_embeds=True,
        text_embed_dim=16, pooled_projection_dim=8, rope_axes_dim=(2, 4, 4),
    )  # fmt: skip
    block = "HunyuanVideo{}Block3D"
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=4, down_block_types=(block.format("Down"),) * 4,
        up_block_types=(block.format("Up"),) * 4, block_out_channels=(8, 8, 8, 8),
        layers_per_block=1, norm_num_groups=4, scaling_factor=0.5,
    )  # fmt: skip
    return HunyuanVideoPipeline(
        transformer=lively(transformer), vae=lively(vae), scheduler=euler(shift=7.0),
        text_encoder=lively(LlamaModel(reader)),
        tokenizer=T5Tokenizer(vocab=special + words + letters, extra_ids=0), **clip_reader(),
    )  # fmt: skip


def as_streaming(folder: Path) -> None:
    """A Wan folder under the names that its streaming checkpoints are published with."""
    names = {
        "model_index.json": {
            "_class_name": "WanCausalDMDPipeline",
            "transformer": ["diffusers", "CausalWanTransformer3DModel"],
            "scheduler": ["diffusers", "SelfForcingFlowMatchScheduler"],
        },
        "transformer/config.json": {"_class_name": "CausalWanTransformer3DModel"},
        "scheduler/scheduler_config.json": {"_class_name": "SelfForcingFlowMatchScheduler", "shift": 5.0},
    }  # fmt: skip
    for file, changes in names.items():
        there = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({**there, **changes}))


MAKERS: dict[str, Callable[[], Any]] = {
    "wan": wan, "wan-causal": wan, "wan-unipc": wan_unipc, "wan-a14b": wan_a14b, "wan-ti2v": wan_ti2v,
    "wan-i2v": wan_i2v, "wan-flf2v": wan_flf2v, "wan-a14b-i2v": wan_a14b_i2v, "vace": vace,
    "skyreels": skyreels, "skyreels-df": skyreels_df, "ltx": ltx, "ltx-condition": ltx_condition,
    "cogvideox": cogvideox, "cogvideox-1.5": cogvideox_newer, "cogvideox-i2v": cogvideox_i2v,
    "cogvideox-1.5-i2v": cogvideox_newer_i2v, "mochi": mochi, "hunyuan": hunyuan,
    "hunyuan-i2v": hunyuan_i2v, "hunyuan-first": hunyuan_first,
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The folder of a tiny model, written when first asked for; copy it before changing it."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            path = tmp_path_factory.mktemp("tiny") / name
            torch.manual_seed(0)
            MAKERS[name]().save_pretrained(path)
            if name == "wan-causal":
                as_streaming(path)
            made[name] = path
        return made[name]

    return folder


@pytest.fixture
def style(tiny: Tiny, tmp_path: Path) -> Path:
    """Added weights for the tiny Wan, in the names its own training writes."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import save_file

    from kinora.open_weights.load import load_open

    network: Any = load_open(tiny("wan")).shelf.get("transformer")
    network.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=["to_q", "to_v"]))
    generator = torch.Generator().manual_seed(5)
    state = {
        f"transformer.{key}": torch.randn(value.shape, generator=generator) * 0.5
        for key, value in get_peft_model_state_dict(network).items()
    }
    save_file(state, tmp_path / "style.safetensors")
    return tmp_path / "style.safetensors"
