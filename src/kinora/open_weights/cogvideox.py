"""CogVideoX 1.0 and 1.5, text to video: variance preserving, latents in pairs. In: a folder. Out: a family.

After the first latent frame the decoder draws them two by two. The tokens of 1.5 span two as well, counted
from the front: a frame that nobody sees is dreamt before the first one.
"""

from collections.abc import Mapping
from typing import Any

import torch

from kinora.core.shape import Stride
from kinora.denoise.model import Capabilities
from kinora.open_weights.codec import Codec, library
from kinora.open_weights.coordinates import VariancePreserving, level_of
from kinora.open_weights.family import Family, Moment
from kinora.open_weights.folder import Folder
from kinora.open_weights.schedule import Discrete, scheduler
from kinora.open_weights.shelf import Shelf
from kinora.open_weights.words import T5Reading


def cogvideox(folder: Folder) -> Family:
    """The family of a `CogVideoXPipeline` folder."""
    config, vae = folder.config("transformer"), folder.config("vae")
    newer = config.get("patch_size_t") is not None
    table = level_of(scheduler(folder.config("scheduler")).alphas_cumprod.double())
    return Family(
        name="cogvideox",
        stride=Stride(
            time=int(vae.get("temporal_compression_ratio", 4)),
            space=2 ** (len(vae["block_out_channels"]) - 1),
            patch=config["patch_size"],
            beat=2,
            depth=config.get("patch_size_t") or 1,
        ),
        channels=vae["latent_channels"],
        capabilities=Capabilities(
            levels="clip", levels_trained=False, hold="renoise",
            causal=False, views=False, references=False,
            fps=16.0 if newer else 8.0,
            height=768 if newer else 480, width=1360 if newer else 720,
            steps=(20, 40, 50), guidance=6.0, shift=None, max_frames=81 if newer else 49,
        ),
        coordinates=VariancePreserving(table.float()),
        layout="1 f c h w",
        grain="clip",
        read=T5Reading(length=config.get("max_text_seq_length", 226), masked=False),
        arguments=Turns(config),
        schedule=Discrete(folder.config("scheduler")),
        codec=codec,
    )  # fmt: skip


class Turns:
    """Rotary positions, where the network has them (all but 2b).

    In 1.0 the picture is stretched to lie centred on its training size; in 1.5 it is cut from it.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def __call__(self, moment: Moment) -> Mapping[str, Any]:
        """Keyword arguments of the network."""
        c = self.config
        if not c.get("use_rotary_positional_embeddings"):
            return {}
        from diffusers.models.embeddings import get_3d_rotary_pos_embed

        patch = c["patch_size"]
        rows, columns = moment.shape.height // patch, moment.shape.width // patch
        whole = c["sample_height"] // patch, c["sample_width"] // patch
        depth = c.get("patch_size_t")
        cosine, sine = get_3d_rotary_pos_embed(
            embed_dim=c["attention_head_dim"],
            crops_coords=None if depth else centred(rows, columns, *whole),
            grid_size=(rows, columns),
            temporal_size=moment.shape.frames // (depth or 1),
            grid_type="slice" if depth else "linspace",
            max_size=whole if depth else None,
            device=moment.time.device,
        )
        return {"image_rotary_emb": (cosine, sine)}


def centred(
    rows: int, columns: int, high: int, wide: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The largest box of shape `rows` x `columns` in the middle of `high` x `wide`: its two corners."""
    if rows * wide > columns * high:
        height, width = high, round(high / rows * columns)
    else:
        height, width = round(wide / columns * rows), wide
    top, left = round((high - height) / 2), round((wide - width) / 2)
    return (top, left), (top + height, left + width)


def codec(shelf: Shelf) -> Codec:
    """The compression network, with the scale of its config."""
    vae = shelf.get("vae")
    std = torch.tensor([1 / vae.config.scaling_factor])
    return Codec(vae=vae, mean=torch.zeros(1), std=std, decoder=library)
