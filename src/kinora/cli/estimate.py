"""`kinora estimate [MODEL]`. In: a model and a size. Out: seconds and bytes, stage by stage."""

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.options import Device, Json, Offline
from kinora.cli.output import show
from kinora.core.errors import UsageError

if TYPE_CHECKING:
    import torch

    from kinora.core.machine import Machine
    from kinora.core.shape import PixelShape
    from kinora.denoise.model import FilmModel
    from kinora.estimate.film import Wish


def estimate(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A shipped model's name, a hub id or a folder.", show_default="kinora-tiny-few"
        ),
    ] = None,
    *,
    seconds: Annotated[float | None, typer.Option("--seconds", help="How long.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="WIDTHxHEIGHT in pixels.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Solver steps.")] = None,
    guidance: Annotated[float | None, typer.Option("--guidance", help="1 is none.")] = None,
    memory: Annotated[
        float | None, typer.Option("--memory", help="Gigabytes of the device, if not this one's.")
    ] = None,
    gpus: Annotated[
        int, typer.Option("--gpus", min=1, help="How many make the film together, as by torchrun.")
    ] = 1,
    link: Annotated[
        float | None,
        typer.Option(
            "--link",
            help="Gigabytes a second that each GPU sends to the others.",
            show_default="25, which is PCI Express 4",
        ),
    ] = None,
    device: Device = None,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Tell what a film will cost in time and memory, before the start."""
    from kinora.estimate.film import check_fits
    from kinora.estimate.predict import choices, place_for, ways, weightless
    from kinora.models.store import DEFAULT

    folder = _folder(model or DEFAULT)
    empty = weightless(folder)
    placement = place_for(empty)
    wish = _wish(empty, seconds=seconds, size=size, steps=steps, guidance=guidance, gpus=gpus)
    machine = _machine(placement.device, memory=memory, link=link)

    def again(shape: "PixelShape") -> Any:
        smaller = replace(wish, shape=empty.stride.snap(shape))
        among = choices(folder)
        return list(ways(folder, smaller, machine=machine, dtype=placement.dtype, among=among))

    counted = again(wish.shape)
    predicted, plan = check_fits(counted, machine, again=again)
    told = _told(predicted, machine.device, plan)
    if not predicted.together:
        told["placements"] = _placements(counted, machine)
    shared = {"gpus": gpus, "link_gb_s": machine.link / 1e9} if gpus > 1 else {}
    show({**told, **shared}, as_json=as_json)


def _wish(
    model: "FilmModel",
    *,
    seconds: float | None,
    size: str | None,
    steps: int | None,
    guidance: float | None,
    gpus: int,
) -> "Wish":
    """What was typed, and for the rest what the model likes."""
    from kinora.core.prompt import check_guidance
    from kinora.core.shape import PixelShape, check_seconds, parse_size
    from kinora.estimate.film import Wish
    from kinora.timeline.deliver_stream import LONG

    likes = model.capabilities
    height, width = parse_size(size) if size else (likes.height, likes.width)
    longest = likes.max_frames or round(4 * likes.fps) + 1
    frames = check_seconds(seconds) * likes.fps + 1 if seconds else longest
    return Wish(
        model.stride.snap(PixelShape(round(frames), height, width)),
        steps=steps or likes.steps[1],
        guidance=check_guidance(likes.guidance if guidance is None else guidance),
        whole=frames - 1 < LONG * likes.fps,
        devices=gpus,
    )


def _machine(device: "torch.device", *, memory: float | None, link: float | None) -> "Machine":
    """This machine, with another memory or link if they were typed."""
    from kinora.core.machine import calibrated

    machine = calibrated(device)
    if memory is not None:
        machine = replace(machine, memory=round(memory * 1e9))
    if link is not None:
        machine = replace(machine, link=check_link(link) * 1e9)
    return machine


def check_link(link: float) -> float:
    """The rate, if there is one."""
    if not 0 < link < inf:
        raise UsageError(
            f"GPUs cannot send {link:g} gigabytes a second",
            remedy="Try --link 25 for PCI Express 4, or --link 450 for NVLink 4",
        )
    return link


def _folder(model: str) -> Any:
    """Of a shipped model, a folder or a hub id, whose configs are fetched if it was not pulled."""
    from kinora.models.store import WEIGHTS
    from kinora.open_weights.folder import INDEX, Folder
    from kinora.open_weights.hub import absent, described, is_id, locate

    if (WEIGHTS / model / INDEX).exists():
        return Folder(model, WEIGHTS / model)
    folder = locate(model)
    if folder is not None:
        return folder
    if not is_id(model):
        raise absent(model)
    return described(model)


def _placements(ways: Any, machine: Any) -> dict[str, Any]:
    """Every placement with its peak and time, those that make another film named so."""
    from kinora.estimate.film import plans
    from kinora.open_weights.quantised import missing

    needs = {"needs": command} if (command := missing()) else {}
    return {
        _named(plan, way.weights): {
            "seconds": round(way.seconds, 1),
            "peak_gb": round(way.peak(plan) / 1e9, 2),
            "fits": way.peak(plan) <= machine.memory,
            **({} if way.weights == "whole" else needs),
        }
        for way in ways
        for plan in plans(machine)
    }


def _named(plan: str, weights: str) -> str:
    return plan if weights == "whole" else f"{plan} {weights}"


def _told(predicted: Any, device: str, plan: Any) -> dict[str, Any]:
    stages = {
        stage.name: {
            "seconds": round(stage.seconds, 1),
            "weights_gb": round(stage.weights / 1e9, 2),
            "working_gb": round(stage.working / 1e9, 2),
        }
        for stage in predicted.stages
    }
    return {
        "model": predicted.model,
        "device": device,
        "shape": str(predicted.shape),
        "steps": predicted.steps,
        "seconds": round(predicted.seconds, 1),
        "plan": _named(plan, predicted.weights),
        "peak_gb": round(predicted.peak(plan) / 1e9, 2),
        "stages": stages,
    }
