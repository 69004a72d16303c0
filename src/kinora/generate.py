"""THE PATH of a prompt. In: a model and a request. Out: a film. No flags, no files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.device import wished_device
from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.core.progress import OnProgress, Progress, silent
from kinora.core.prompt import check_guidance, check_prompt
from kinora.core.shape import PixelShape, check_seconds, check_size
from kinora.core.team import team
from kinora.denoise.canvas import Canvas, blank
from kinora.denoise.condition import Condition, apply_all
from kinora.denoise.loop import Begun
from kinora.denoise.model import FilmModel, Read
from kinora.denoise.resume import name_of, resumed
from kinora.denoise.stream import Overlap, Stream, decode_parts, opening, window
from kinora.denoise.stream import stream as chunk_by_chunk
from kinora.flow.solver import Solver
from kinora.models.store import DEFAULT, WEIGHTS, is_bundle, load_bundle
from kinora.open_weights.hub import absent, is_id, locate
from kinora.open_weights.model import OpenModel
from kinora.prompt.unheard import unheard


@dataclass(frozen=True)
class Request:
    """A wish for a film. None means: what the model likes best.

    Args:
        prompts: one per shot; a canvas frame listens to the shot its `text` index names.
        seconds: duration; snapped to what the model can make, and told. 0 means one still image.
        height, width: pixels; snapped likewise.
        seed: the same seed makes the same film.
        steps: solver steps.
        guidance: how hard to push towards the words; 1 is none.
        shift: schedule shift.
        negative: what to push away from.
        conditions: what is known (held frames, keyframes, regions ...).
    """

    prompts: tuple[str, ...]
    seconds: float = 4.0
    height: int | None = None
    width: int | None = None
    seed: int = 0
    steps: int | None = None
    guidance: float | None = None
    shift: float | None = None
    negative: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, eq=False)
class Film:
    """What came of a request.

    Args:
        clip: the frames.
        latents: `[f c h w]`, what later edits go on from.
        request: the request with every None filled in and every size as made.
        notes: what was changed or not understood, one sentence each.
        timings: seconds per stage.
        whole: whether the latents are those of the frames as one clip, as far as is known: after a cut or
            black they are not.
    """

    clip: Clip
    latents: Tensor
    request: Request
    notes: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    whole: bool = True


def generate(
    model: FilmModel,
    request: Request,
    *,
    solver: Solver | None = None,
    on_progress: OnProgress = silent,
) -> Film:
    """Make one film.

    Args:
        model: our bundle or published weights.
        request: the wish.
        solver: one integration step; None is the model's own.
        on_progress: told after every step and chunk; may raise to stop.

    Raises:
        UsageError: the wish cannot be understood or is out of range.
    """
    start = perf_counter()
    settled, shape, notes = settle(model, request)
    text = model.read(settled.prompts, negative=settled.negative)
    notes += unheard(model, text.not_understood)
    canvas = apply_all(lay_out(model, shape), settled.conditions)
    read = perf_counter()

    chunks = dream(model, canvas, text, settled, solver=solver, on_progress=on_progress)
    parts = [chunk.latents for chunk in chunks]
    dreamt = perf_counter()

    frames = np.concatenate(list(decoded(model, parts, sum(map(len, parts)), on_progress)))
    drawn = perf_counter()
    return Film(
        clip=Clip(frames, model.capabilities.fps),
        latents=torch.cat(parts),
        request=settled,
        notes=notes,
        timings={"text": read - start, "denoise": dreamt - read, "decode": drawn - dreamt},
    )


def stream(
    model: FilmModel,
    request: Request,
    *,
    keep: Callable[[Tensor], None] = lambda latents: None,
    solver: Solver | None = None,
    on_progress: OnProgress = silent,
) -> Iterator[Frames]:
    """Make a film of any length at constant memory: frames come while later ones are not yet dreamt.

    Args:
        model: our bundle or published weights.
        request: the wish.
        keep: given the clean latents `[f c h w]` of every chunk before they are decoded.
        solver: one integration step; None is the model's own.
        on_progress: told after every step and chunk; may raise to stop.
    """
    settled, shape, _ = settle(model, request)
    text = model.read(settled.prompts, negative=settled.negative)
    canvas = apply_all(lay_out(model, shape), settled.conditions)

    def parts() -> Iterator[Tensor]:
        for done in dream(model, canvas, text, settled, solver=solver, on_progress=on_progress):
            keep(done.latents)
            yield done.latents

    return decoded(model, parts(), len(canvas.inside()), on_progress)


def dream(
    model: FilmModel,
    canvas: Canvas,
    text: Read,
    request: Request,
    *,
    finished: Sequence[Tensor] = (),
    begun: Begun | None = None,
    solver: Solver | None = None,
    on_progress: OnProgress = silent,
) -> Iterator[Canvas]:
    """The clean canvas without what is outside time: in one piece if it fits, else chunk by chunk.

    Args:
        model, canvas, text, request: what is dreamt.
        finished: clean latents of the first chunks, if the work was broken off after them.
        begun: where the chunk after those stood.
        solver: one integration step; None is the model's own.
        on_progress: told after every step; may raise to stop.

    Yields:
        Every chunk that was not `finished`.
    """
    assert request.steps and request.guidance, "settled"
    film, outside = canvas.inside(), canvas.outside()
    likes = model.capabilities
    solver = solver or likes.solver
    one = len(film) <= window(model) and not likes.streams_only
    opened: Stream = opening(model, text, guidance=request.guidance)
    voice = Overlap(model, text, request.guidance) if one else opened
    chunks = film.split(len(film) if one else voice.chunk)
    options: dict[str, Any] = {
        "seed": request.seed,
        "schedule": model.schedule(chunks[0], steps=request.steps, shift=request.shift),
        "solver": solver,
        "hold": likes.holding(film),
        "lead": model.stride.lead,
        "on_progress": on_progress,
    }
    voice = voice.after(outside) if len(outside) else voice
    if finished or begun:
        return chunk_by_chunk(chunks, voice, finished=finished, begun=begun, **options)
    told = {**recipe(model, request), "solver": solver.__name__}
    return resumed(chunks, voice, name=name_of(told, *chunks, outside), **options)


def recipe(model: FilmModel, request: Request) -> dict[str, Any]:
    """What decides a dream beside its canvas: the model, its weights and the settled request."""
    return {
        "model": [model.name, model.checksums()],
        "prompts": request.prompts,
        "negative": request.negative,
        "sampling": [request.seed, request.steps, request.guidance, request.shift],
    }


def settle(model: FilmModel, request: Request) -> tuple[Request, PixelShape, tuple[str, ...]]:
    """Fill in what the model likes, snap sizes to what it can make, and say what was changed."""
    for prompt in request.prompts:
        check_prompt(prompt)
    likes = model.capabilities
    height, width = check_size(
        likes.height if request.height is None else request.height,
        likes.width if request.width is None else request.width,
    )
    if request.seconds:
        check_seconds(request.seconds)
    asked = PixelShape(max(1, round(request.seconds * likes.fps) + 1), height, width)
    made = (
        model.stride.snap(asked) if request.seconds else replace(model.stride.snap(asked), frames=1)
    )
    notes = []
    if (made.height, made.width) != (height, width):
        notes.append(
            f"{width}x{height} became {made.width}x{made.height}: "
            f"sides are multiples of {model.stride.grain}"
        )
    if request.seconds and made.frames != asked.frames:
        notes.append(f"{request.seconds:g} s became {(made.frames - 1) / likes.fps:g} s")
    if not likes.causal and model.stride.latent_frames(made.frames) > window(model):
        notes.append(f"{model.name} has no memory: the film is made in windows that overlap")
    notes += toothless(request.negative, request.guidance or likes.guidance)
    if isinstance(model, OpenModel):
        notes += model.notes
    steps = likes.steps[1] if request.steps is None else request.steps
    if steps < 1:
        raise UsageError(f"{steps} steps cannot make a film", remedy="Try --steps 20")
    settled = replace(
        request,
        seconds=(made.frames - 1) / likes.fps,
        height=made.height,
        width=made.width,
        steps=steps,
        guidance=check_guidance(likes.guidance if request.guidance is None else request.guidance),
        shift=likes.shift if request.shift is None else request.shift,
    )
    return settled, made, tuple(notes)


def lay_out(model: FilmModel, shape: PixelShape) -> Canvas:
    """A blank canvas of this size for this model."""
    step = model.stride.time / model.capabilities.fps
    return blank(model.stride.latent(shape), channels=model.channels, step=step)


def toothless(negative: str, guidance: float | None) -> tuple[str, ...]:
    """What is to be told of negative words that guidance does not push away from."""
    if not negative or guidance != 1:
        return ()
    return ("without guidance nothing is pushed away from: the negative words do nothing",)


def decoded(
    model: FilmModel, parts: Iterable[Tensor], latent_frames: int, on_progress: OnProgress
) -> Iterator[Frames]:
    """Frames of consecutive latents as the decoder finishes them, progress told chunk by chunk."""
    total, done = model.stride.pixel_frames(latent_frames), 0
    for frames in decode_parts(model, parts):
        done += len(frames)
        on_progress(Progress("decode", done, total, preview=frames))
        yield frames


def load(name: str | Path = DEFAULT) -> FilmModel:
    """A model by the name of a shipped one, by its folder, or by the hub id of published weights.

    Raises:
        NotFoundError: there is no such model on this machine, or its files are damaged.
        UnsupportedError: it is of a class that no family describes.
    """
    for folder in (WEIGHTS / str(name), Path(name)):
        if (folder / "model_index.json").exists():
            return load_folder(folder)
    found = locate(str(name))
    if found is not None:
        return load_folder(found.path, name=str(name))
    if is_id(str(name)):
        raise absent(str(name))
    shipped = sorted(path.parent.name for path in WEIGHTS.glob("*/model_index.json"))
    raise NotFoundError(
        f"there is no model called '{name}'",
        remedy=f"Name a folder that holds a model_index.json, or one of: {', '.join(shipped) or 'none'}",
    )


def load_folder(folder: Path, *, name: str | None = None) -> FilmModel:
    """Our own bundle or published weights, told apart by `model_index.json`, on the device that is wished for.

    Without a wish our own is on the processor, which is enough for it, and a published one where it is fastest.
    """
    if is_bundle(folder):
        if team() is not None:
            raise UnsupportedError(
                f"{name or folder.name} is our own and films on one device",
                remedy="Run it without torchrun, or name a published model with --model",
            )
        bundle, device = load_bundle(folder), wished_device()
        return bundle if device is None else bundle.on(device)
    from kinora.open_weights.load import load_open

    return load_open(folder, name=name)
