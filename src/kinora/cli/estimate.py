"""`kinora estimate MODEL`. In: a published model and a size. Out: seconds and bytes, stage by stage."""

from typing import Annotated, Any

import typer

from kinora.cli.options import Json
from kinora.cli.output import show


def estimate(
    model: Annotated[str, typer.Argument(help="A hub id or folder of published weights.")],
    *,
    seconds: Annotated[float | None, typer.Option("--seconds", help="How long.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="WIDTHxHEIGHT in pixels.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Solver steps.")] = None,
    guidance: Annotated[float | None, typer.Option("--guidance", help="1 is none.")] = None,
    memory: Annotated[
        float | None, typer.Option("--memory", help="Gigabytes of the device, if not this one's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what a film will cost in time and memory, before the start."""
    from dataclasses import replace
    from functools import partial

    from kinora.core.errors import NotFoundError
    from kinora.core.shape import PixelShape, check_seconds, parse_size
    from kinora.estimate import calibrated, check_fits
    from kinora.estimate import estimate as predict
    from kinora.open_weights.hub import locate
    from kinora.open_weights.load import best_placement
    from kinora.open_weights.skeleton import skeleton

    folder = locate(model)
    if folder is None:
        raise NotFoundError(
            f"{model} is not on this machine", remedy=f"Run: kinora models pull {model}"
        )
    empty, placement = skeleton(folder), best_placement()
    likes = empty.capabilities
    height, width = parse_size(size) if size else (likes.height, likes.width)
    frames = check_seconds(seconds) * likes.fps + 1 if seconds else likes.max_frames or 1
    shape = empty.stride.snap(PixelShape(round(frames), height, width))
    machine = calibrated(placement.device)
    if memory is not None:
        machine = replace(machine, memory=round(memory * 1e9))
    again = partial(
        predict,
        folder,
        steps=steps or likes.steps[1],
        guidance=likes.guidance if guidance is None else guidance,
        machine=machine,
        dtype=placement.dtype,
    )
    predicted = again(shape=shape)
    check_fits(predicted, machine, again=lambda smaller: again(shape=empty.stride.snap(smaller)))
    show(_told(predicted, machine.device), as_json=as_json)


def _told(predicted: Any, device: str) -> dict[str, Any]:
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
        "peak_gb": round(predicted.peak / 1e9, 2),
        "stages": stages,
    }
