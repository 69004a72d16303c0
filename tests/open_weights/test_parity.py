"""Our one loop over a family's networks equals the library's own pipeline, weights and noise being equal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kinora.core.shape import LatentShape
from kinora.denoise.canvas import Canvas, blank
from kinora.denoise.condition import Hold
from kinora.denoise.loop import denoise
from kinora.denoise.stream import led
from kinora.generate import Request, generate
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel

Tiny = Callable[[str], Path]

PROMPT, NEGATIVE = "a red ball.", "bad"
STEPS = 5

pytestmark = [
    # The library warns of its own parts when a pipeline is written or read.
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


def canvas_of(model: OpenModel, *, frames: int = 3, side: tuple[int, int] = (4, 4)) -> Canvas:
    return blank(LatentShape(frames, *side), channels=model.channels, step=0.25)


def ours(
    model: OpenModel, canvas: Canvas, *, guidance: float, noise: Tensor | None = None
) -> Tensor:
    """Latents `[1 c f h w]` of our path."""
    done = denoise(
        canvas,
        model.velocity(canvas, model.read([PROMPT], negative=NEGATIVE), guidance=guidance),
        noise=canvas.noise(0) if noise is None else noise,
        schedule=model.schedule(canvas, steps=STEPS, shift=None),
        hold=model.capabilities.holding(canvas),
    )
    return done.latents.transpose(0, 1)[None]


def theirs(
    folder: Path, canvas: Canvas, *, guidance: float, latents: Tensor | None = None, **more: Any
) -> Tensor:
    """What the pipeline that the folder names makes of the same noise."""
    import diffusers

    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    noise = canvas.noise(0).transpose(0, 1)[None]
    arguments: dict[str, Any] = {
        "prompt": PROMPT, "negative_prompt": NEGATIVE, "guidance_scale": guidance,
        "num_inference_steps": STEPS, "output_type": "latent",
        "latents": noise if latents is None else latents, **more,
    }  # fmt: skip
    made: Tensor = pipeline(**{k: v for k, v in arguments.items() if v is not None}).frames
    return made


def seeded(folder: Path, *, guidance: float, **sizes: int) -> tuple[Tensor, Tensor]:
    """A pipeline that draws its own noise: what it made, and that noise `[f c h w]`."""
    import diffusers

    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        prompt=PROMPT, negative_prompt=NEGATIVE, guidance_scale=guidance, num_inference_steps=STEPS,
        output_type="latent", generator=torch.Generator().manual_seed(0), **sizes,
    ).frames  # fmt: skip
    noise = torch.randn(made.shape, generator=torch.Generator().manual_seed(0))
    return made, noise[0].transpose(0, 1)


def size(model: OpenModel, canvas: Canvas) -> dict[str, int]:
    frames, _, height, width = canvas.latents.shape
    space = model.stride.space
    return {
        "num_frames": model.stride.pixel_frames(frames),
        "height": height * space,
        "width": width * space,
    }


def close(one: Tensor, other: Tensor) -> None:
    assert one.shape == other.shape
    assert other.std() > 0.3, "a picture that hardly moved proves nothing"
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["wan", "wan-unipc", "wan-ti2v", "skyreels"])
def test_wan_and_its_kin(tiny: Tiny, name: str) -> None:
    model = load_open(tiny(name))
    canvas = canvas_of(model)
    made = theirs(tiny(name), canvas, guidance=4.0, **size(model, canvas))
    close(ours(model, canvas, guidance=4.0), made)


def test_diffusion_forcing_with_a_level_per_frame(tiny: Tiny) -> None:
    model = load_open(tiny("skyreels-df"))
    canvas = canvas_of(model)
    made, noise = seeded(tiny("skyreels-df"), guidance=4.0, **size(model, canvas))
    close(ours(model, canvas, guidance=4.0, noise=noise), made)


def test_wan_with_two_experts(tiny: Tiny) -> None:
    model = load_open(tiny("wan-a14b"))
    canvas = canvas_of(model)
    second = {"guidance_scale_2": 3.0}
    made = theirs(tiny("wan-a14b"), canvas, guidance=4.0, **second, **size(model, canvas))
    close(ours(model, canvas, guidance=4.0), made)


def test_decoding_gives_the_pipelines_pixels(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    canvas = canvas_of(model)
    pixels = theirs(tiny("wan"), canvas, guidance=4.0, output_type="np", **size(model, canvas))
    latents = ours(model, canvas, guidance=4.0)[0].transpose(0, 1)
    frames = np.concatenate(list(model.decode(latents)))
    assert np.ptp(frames) > 20
    assert np.abs(frames - np.asarray(pixels[0]) * 255).max() <= 1


def test_ltx(tiny: Tiny) -> None:
    model = load_open(tiny("ltx"))
    canvas = canvas_of(model, side=(8, 8))
    packed = canvas.noise(0).permute(0, 2, 3, 1).reshape(1, -1, model.channels)
    made = theirs(
        tiny("ltx"), canvas, guidance=3.0, latents=packed, frame_rate=25, **size(model, canvas)
    )
    close(pack(ours(model, canvas, guidance=3.0)), made)


def test_ltx_with_keyframes_reads_and_places_otherwise(tiny: Tiny) -> None:
    model = load_open(tiny("ltx-condition"))
    canvas = canvas_of(model, side=(8, 8))
    sizes = {"frame_rate": 25, **size(model, canvas)}
    made, noise = seeded(tiny("ltx-condition"), guidance=3.0, **sizes)
    close(ours(model, canvas, guidance=3.0, noise=noise), made)


def pack(latents: Tensor) -> Tensor:
    return latents.flatten(2).transpose(1, 2)


def test_cogvideox_runs_as_a_flow(tiny: Tiny) -> None:
    model = load_open(tiny("cogvideox"))
    canvas = canvas_of(model)
    given = {"latents": canvas.noise(0)[None], "max_sequence_length": 16}
    made = theirs(tiny("cogvideox"), canvas, guidance=3.0, **given, **size(model, canvas))
    close(ours(model, canvas, guidance=3.0).transpose(1, 2), made)


def test_cogvideox_newer_dreams_a_frame_that_nobody_sees(tiny: Tiny) -> None:
    model = load_open(tiny("cogvideox-1.5"))
    film = canvas_of(model)
    whole = led(film, frames=model.stride.lead(len(film)))
    assert (len(film), len(whole)) == (3, 4)
    given = {"latents": whole.noise(0)[None], "max_sequence_length": 16}
    made = theirs(tiny("cogvideox-1.5"), film, guidance=3.0, **given, **size(model, film))
    close(ours(model, whole, guidance=3.0).transpose(1, 2), made)

    noise = torch.cat([whole[:1].noise(7, start=-1), film.noise(7)])
    given |= {"latents": noise[None], "output_type": "np"}
    pixels = theirs(tiny("cogvideox-1.5"), film, guidance=3.0, **given, **size(model, film))
    wish = Request((PROMPT,), 8 / 16, 32, 32, seed=7, steps=STEPS, guidance=3.0, negative=NEGATIVE)
    frames = generate(model, wish).clip.frames
    assert frames.shape == (9, 32, 32, 3), "it is left out of the film"
    assert np.ptp(frames) > 20
    assert np.abs(frames - np.asarray(pixels[0]) * 255).max() <= 1


# The library asks for float32 autocast, which the processor has not.
@pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
def test_mochi(tiny: Tiny) -> None:
    model = load_open(tiny("mochi"))
    canvas = canvas_of(model)
    made = theirs(tiny("mochi"), canvas, guidance=4.5, **size(model, canvas))
    close(ours(model, canvas, guidance=4.5), made)


def test_hunyuan(tiny: Tiny) -> None:
    model = load_open(tiny("hunyuan"))
    assert model.capabilities.guidance == 4.0
    canvas = canvas_of(model)
    made = theirs(tiny("hunyuan"), canvas, guidance=4.0, guidance_scale=None, **size(model, canvas))
    close(ours(model, canvas, guidance=4.0), made)


def test_hunyuan_one_is_told_how_hard_to_follow(tiny: Tiny) -> None:
    model = load_open(tiny("hunyuan-first"))
    canvas = canvas_of(model)
    made = theirs(tiny("hunyuan-first"), canvas, guidance=6.0, **size(model, canvas))
    close(ours(model, canvas, guidance=6.0), made)
    assert (ours(model, canvas, guidance=1.0) - made).abs().max() > 1e-3, "the scale is heard"
    one, other = (model.read([prompt]).states[0] for prompt in ("a red ball.", "a green cone."))
    for name in ("encoder_hidden_states", "pooled_projections"):
        assert not torch.equal(one[name], other[name]), "words are heard"


@pytest.mark.parametrize("name", ["wan-ti2v", "ltx-condition"])
def test_a_held_first_frame_is_the_pipelines(tiny: Tiny, name: str) -> None:
    model = load_open(tiny(name))
    still = torch.randn(1, model.channels, 4, 4, generator=torch.Generator().manual_seed(1))
    canvas = Hold(still).apply(canvas_of(model))
    latents = ours(model, canvas, guidance=3.0)
    assert torch.equal(latents[0, :, 0], still[0])
    free = ours(model, canvas_of(model), guidance=3.0)
    assert (latents - free)[0, :, 1:].abs().max() > 0.01, "the others listen to it"
