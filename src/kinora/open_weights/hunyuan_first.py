"""HunyuanVideo 1.0, text to video: told how hard to follow the words. In: a folder. Out: a family."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kinora.core.shape import Stride
from kinora.denoise.model import Capabilities
from kinora.open_weights.coordinates import Flow
from kinora.open_weights.family import Family, only_time
from kinora.open_weights.folder import Folder
from kinora.open_weights.hunyuan import codec
from kinora.open_weights.schedule import Even, shift_of
from kinora.open_weights.shelf import Shelf

READERS = ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")


def hunyuan_first(folder: Folder) -> Family:
    """The family of a `HunyuanVideoPipeline` folder."""
    config, vae = folder.config("transformer"), folder.config("vae")
    schedule = folder.config("scheduler")
    return Family(
        name="hunyuan",
        stride=Stride(
            time=vae["temporal_compression_ratio"],
            space=vae["spatial_compression_ratio"],
            patch=config["patch_size"],
        ),
        channels=vae["latent_channels"],
        capabilities=Capabilities(
            levels="clip", levels_trained=False, hold="renoise",
            causal=False, views=False, references=False,
            fps=24.0, height=544, width=960, steps=(20, 40, 50), guidance=6.0,
            shift=shift_of(schedule), max_frames=129,
        ),
        coordinates=Flow(sign=-1),
        layout="1 c f h w",
        grain="clip",
        read=read,
        arguments=only_time,
        schedule=Even(schedule, last=False),
        codec=codec,
        embedded=bool(config.get("guidance_embeds")),
    )  # fmt: skip


@torch.inference_mode()
def read(shelf: Shelf, prompts: Sequence[str]) -> list[dict[str, Tensor]]:
    """States of the scene and one vector of every prompt.

    The instructions the network was trained with are kept by the library inside its pipeline, which
    reads without the other networks.
    """
    from diffusers import HunyuanVideoPipeline

    absent: dict[str, Any] = {"vae": None, "transformer": None, "scheduler": None}
    reader = HunyuanVideoPipeline(**{name: shelf.get(name) for name in READERS}, **absent)
    words = []
    for prompt in prompts:
        states, whole, mask = reader.encode_prompt(prompt, device=shelf.placement.device)
        words.append(
            {
                "encoder_hidden_states": states,
                "encoder_attention_mask": mask.to(states),
                "pooled_projections": whole,
            }
        )
    return words
