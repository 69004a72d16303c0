"""A published model's folder. In: a path. Out: an `OpenModel`, its files there, nothing loaded yet."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch

from kinora.core.device import wished_device
from kinora.core.errors import UsageError
from kinora.core.machine import wished_precision
from kinora.core.team import team
from kinora.open_weights.causal import wan_causal
from kinora.open_weights.cogvideox import cogvideox
from kinora.open_weights.cogvideox_image import cogvideox_image
from kinora.open_weights.family import Family
from kinora.open_weights.folder import Folder, unknown_class
from kinora.open_weights.hunyuan import hunyuan
from kinora.open_weights.hunyuan_first import hunyuan_first
from kinora.open_weights.hunyuan_image import hunyuan_image
from kinora.open_weights.ltx import ltx
from kinora.open_weights.mochi import mochi
from kinora.open_weights.model import OpenModel
from kinora.open_weights.quantised import check_quantised
from kinora.open_weights.shelf import Placement, Shelf
from kinora.open_weights.skyreels import skyreels, skyreels_forcing
from kinora.open_weights.vace import vace
from kinora.open_weights.wan import wan
from kinora.open_weights.wan_image import wan_image

FAMILIES: dict[str, Callable[[Folder], Family]] = {
    "WanPipeline": wan,
    "WanCausalDMDPipeline": wan_causal,
    "WanImageToVideoPipeline": wan_image,
    "WanVACEPipeline": vace,
    "SkyReelsV2Pipeline": skyreels,
    "SkyReelsV2DiffusionForcingPipeline": skyreels_forcing,
    "LTXPipeline": ltx,
    "LTXConditionPipeline": ltx,
    "LTXImageToVideoPipeline": ltx,
    "CogVideoXPipeline": cogvideox,
    "CogVideoXImageToVideoPipeline": cogvideox_image,
    "MochiPipeline": mochi,
    "HunyuanVideoPipeline": hunyuan_first,
    "HunyuanVideo15Pipeline": hunyuan,
    "HunyuanVideo15ImageToVideoPipeline": hunyuan_image,
}
"""Pipeline class of `model_index.json` -> who describes it."""


def load_open(
    path: Path, *, name: str | None = None, placement: Placement | None = None
) -> OpenModel:
    """The model in a folder.

    Args:
        path: the folder.
        name: how the user calls it, by default the folder.
        placement: where it computes.

    Raises:
        UnsupportedError: no family describes its class, its quantised weights cannot be read here, or a
            team cannot share it.
        NotFoundError: files are missing.
        UsageError: the weights are pickled, or the extra libraries are missing.
    """
    if find_spec("diffusers") is None:
        raise UsageError(
            "published models need further libraries",
            remedy="Run: pip install 'kinora[open-weights]'",
        )
    folder = Folder(name or str(path), path)
    describe = FAMILIES.get(folder.pipeline)
    if describe is None:
        raise unknown_class(folder, sorted(FAMILIES))
    folder.check()
    place = placement or best_placement()
    check_quantised(folder, place.device)
    family = describe(folder)
    if (mine := team()) is not None:
        from kinora.open_weights.share import check_devices, check_shared

        check_shared(folder, family, size=mine.size)
        check_devices(place.device, mine)
    return OpenModel(family, Shelf(folder, place, dress=family.adapt))


def best_placement() -> Placement:
    """Where it is wished, else on an accelerator if there is one: bfloat16 there, on the processor only if wished.

    Raises:
        UnsupportedError: the device that is wished for is not there.
        UsageError: the precision that is wished for is none.
    """
    device = wished_device() or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        return Placement(dtype=torch.bfloat16 if wished_precision() == "bf16" else torch.float32)
    return Placement(device, torch.bfloat16, "sequential")
