"""HunyuanVideo 1.5, image to video. In: a folder. Out: a family told of one picture, the first frame."""

from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor

from kinora.core.clip import Frames
from kinora.denoise.canvas import Canvas
from kinora.open_weights.codec import Codec
from kinora.open_weights.family import Family, Prepared
from kinora.open_weights.folder import Folder
from kinora.open_weights.hunyuan import hunyuan
from kinora.open_weights.known import only_first
from kinora.open_weights.shelf import Shelf


def hunyuan_image(folder: Folder) -> Family:
    """The family of a `HunyuanVideo15ImageToVideoPipeline` folder."""
    base = hunyuan(folder)
    likes = replace(base.capabilities, hold="condition", regions=False)
    return replace(base, name="hunyuan-1.5-image", capabilities=likes, prepare=prepare)


@torch.inference_mode()
def prepare(shelf: Shelf, codec: Codec, canvas: Canvas) -> Prepared:
    """The picture's latent, which frame it is, and the states of the picture."""
    still = only_first(canvas, name=shelf.folder.name)
    frames, channels, height, width = canvas.latents.shape
    told = torch.zeros(frames, channels + 1, height, width)
    told[:1, :channels], told[:1, channels:] = still, 1.0
    pixels = next(codec.decode(still))[:1]
    return Prepared(channels=told, arguments={"image_embeds": states(shelf, pixels)})


def states(shelf: Shelf, picture: Frames) -> Tensor:
    """What the picture encoder makes of `[1 h w 3]`."""
    encoder = shelf.get("image_encoder")
    inputs = shelf.get("feature_extractor")(
        images=list(rearrange(torch.from_numpy(picture), "t h w c -> t c h w")),
        do_resize=True, do_convert_rgb=True, return_tensors="pt",
    )  # fmt: skip
    seen: Tensor = encoder(inputs["pixel_values"].to(encoder.device, encoder.dtype))[0]
    return seen
