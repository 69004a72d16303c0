"""HunyuanVideo 1.5, text to video. In: a folder. Out: a family."""

from collections.abc import Sequence

import torch
from torch import Tensor

from kinora.core.shape import Stride
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import Capabilities
from kinora.open_weights.codec import Codec, library
from kinora.open_weights.coordinates import Flow
from kinora.open_weights.family import Family, Prepared, only_time
from kinora.open_weights.folder import Folder, read_json
from kinora.open_weights.schedule import Even, shift_of
from kinora.open_weights.shelf import Shelf

PICTURE_STATES = 729
GUIDANCE = 6.0


def hunyuan(folder: Folder) -> Family:
    """The family of a `HunyuanVideo15Pipeline` folder."""
    config, vae = folder.config("scheduler"), folder.config("vae")
    return Family(
        name="hunyuan-1.5",
        stride=Stride(
            time=vae["temporal_compression_ratio"],
            space=vae["spatial_compression_ratio"],
            patch=folder.config("transformer")["patch_size"],
        ),
        channels=vae["latent_channels"],
        capabilities=Capabilities(
            levels="clip", levels_trained=False, hold="renoise",
            causal=False, views=False, references=False,
            fps=24.0, height=480, width=832, steps=(20, 40, 50), guidance=guidance(folder),
            shift=shift_of(config), max_frames=121,
        ),
        coordinates=Flow(sign=-1),
        layout="1 c f h w",
        grain="clip",
        read=read,
        arguments=only_time,
        schedule=Even(config, last=False),
        codec=codec,
        prepare=prepare,
    )  # fmt: skip


def guidance(folder: Folder) -> float:
    """The scale in the folder's own guider."""
    file = folder.path / "guider" / "guider_config.json"
    return float(read_json(file).get("guidance_scale", GUIDANCE)) if file.exists() else GUIDANCE


@torch.inference_mode()
def read(shelf: Shelf, prompts: Sequence[str]) -> list[dict[str, Tensor]]:
    """Scene and lettering of every prompt.

    The chat template the network was trained with is kept by the library beside its reading functions,
    which take components and no pipeline.
    """
    from diffusers import HunyuanVideo15Pipeline as Library

    words = []
    for prompt in prompts:
        scene, heard = Library._get_mllm_prompt_embeds(
            shelf.get("text_encoder"), shelf.get("tokenizer"), prompt, shelf.placement.device
        )
        letters, written = Library._get_byt5_prompt_embeds(
            shelf.get("tokenizer_2"), shelf.get("text_encoder_2"), prompt, shelf.placement.device
        )
        words.append(
            {
                "encoder_hidden_states": scene,
                "encoder_attention_mask": heard.to(scene),
                "encoder_hidden_states_2": letters,
                "encoder_attention_mask_2": written.to(letters),
            }
        )
    return words


def prepare(shelf: Shelf, codec: Codec, canvas: Canvas) -> Prepared:
    """Empty channels and picture states: what text to video was trained with."""
    del codec
    frames, channels, height, width = canvas.latents.shape
    width_of_states = shelf.folder.config("transformer")["image_embed_dim"]
    return Prepared(
        channels=torch.zeros(frames, channels + 1, height, width),
        arguments={"image_embeds": torch.zeros(1, PICTURE_STATES, width_of_states)},
    )


def codec(shelf: Shelf) -> Codec:
    """The compression network, with the scale of its config."""
    vae = shelf.get("vae")
    std = torch.tensor([1 / vae.config.scaling_factor])
    return Codec(vae=vae, mean=torch.zeros(1), std=std, decoder=library)
