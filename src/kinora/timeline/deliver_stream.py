"""A long film as files while it is made. In: a wish. Out: the video, its sidecar, its latents.

Frames go into the file as they are decoded, and every chunk's latents reach the disk before it is
decoded: memory does not grow with the film, and a failure in the end loses nothing that was dreamt.
Over an older film they wait until the new one is there: until then the latents beside it are its own.
"""

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from kinora.core.clip import Clip
from kinora.core.progress import OnProgress, silent
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, settle, stream
from kinora.media.atomic import write_bytes
from kinora.media.measure import Measured, drift, tally
from kinora.media.sequence import files_of
from kinora.media.sidecar import Shot, Sidecar, Size
from kinora.media.write import ClipWriter
from kinora.prompt.unheard import unheard
from kinora.timeline.deliver import latents_path, packed, sidecar_of, steady, with_sidecar

LONG = 10.0
"""Seconds from which a film is written while it is made."""


def deliver_stream(
    model: FilmModel,
    request: Request,
    file: Path,
    *,
    words: bool = True,
    wishes: tuple[Shot, ...] = (),
    options: Mapping[str, JsonValue] | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Sidecar, tuple[str, ...]]:
    """Make a film and write it, chunk by chunk.

    Args:
        model: any film model.
        request: the wish.
        file: name of the video.
        words: False leaves prompts and options out.
        wishes: prompts as typed and expanded, for the sidecar.
        options: what else the sidecar tells.
        on_progress: told after every step, chunk and frame; may raise to stop.

    Returns:
        The sidecar as written, and what there is to tell.
    """
    settled, shape, notes = settle(model, request)
    start, kept, fps = perf_counter(), list[Tensor](), model.capabilities.fps
    lost = model.read(settled.prompts).not_understood
    height, width = (side * model.capabilities.times for side in (shape.height, shape.width))
    frame = Clip(np.zeros((1, height, width, 3), np.uint8), fps)

    def store() -> None:
        write_bytes(latents_path(file), packed(torch.cat(kept), settled))

    older = bool(files_of(file))

    def keep(latents: Tensor) -> None:
        kept.append(latents.cpu())
        if not older:
            store()

    empty = Film(frame, torch.zeros(0), settled)
    size = Size(width=width, height=height, frames=shape.frames, fps=fps)
    told = sidecar_of(empty, model, verb="generate", asked=request, options=options)
    told = told.model_copy(update={"made": size})
    told = told.model_copy(update={"shots": wishes or told.shots})
    told = told if words else told.without_words()
    writer = ClipWriter(
        file, fps=fps, comment=told.recipe(), total=shape.frames, on_progress=on_progress
    )
    tallies = []
    with writer:
        for frames in stream(model, request, keep=keep, on_progress=on_progress):
            writer.write(frames)
            tallies.append(tally(frames))
    if older:
        store()
    timings = {"all": round(perf_counter() - start, 3)}
    measured = Measured(drift=drift(np.concatenate(tallies)) if steady(settled) else None)
    told = with_sidecar(told.model_copy(update={"timings": timings, "measured": measured}), file)
    return told, (*notes, *unheard(model, lost))
