"""SkyReels-V2: Wan's shape; one release has a level per latent frame. In: a folder. Out: a family."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kinora.open_weights.family import Family, Moment
from kinora.open_weights.folder import Folder
from kinora.open_weights.wan import wan

FPS = 24.0


def skyreels(folder: Folder) -> Family:
    """The family of a `SkyReelsV2Pipeline` folder."""
    base = wan(folder)
    likes = replace(
        base.capabilities,
        levels="clip",
        fps=FPS,
        height=544,
        width=960,
        guidance=6.0,
        max_frames=97,
    )
    informed = bool(folder.config("transformer").get("inject_sample_info"))
    return replace(
        base,
        name="skyreels",
        capabilities=likes,
        grain="clip",
        arguments=_with_rate if informed else _without_rate,
    )


def skyreels_forcing(folder: Folder) -> Family:
    """The family of a `SkyReelsV2DiffusionForcingPipeline` folder."""
    base = skyreels(folder)
    plain = base.arguments
    return replace(
        base,
        name="skyreels-forcing",
        capabilities=replace(base.capabilities, levels="frame", levels_trained=True, hold="native"),
        grain="frame",
        arguments=lambda moment: {**plain(moment), "enable_diffusion_forcing": True},
    )


def _with_rate(moment: Moment) -> Mapping[str, Any]:
    return {"fps": [0 if moment.rate == 16 else 1]}


def _without_rate(moment: Moment) -> Mapping[str, Any]:
    del moment
    return {}
