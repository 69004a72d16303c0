"""Known frames: each family keeps them in its own way, as its own pipeline would, and says what it cannot."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from kinora.core.clip import Clip
from kinora.core.errors import UnsupportedError
from kinora.core.shape import LatentShape
from kinora.denoise.canvas import OUTSIDE_TIME, Canvas, blank
from kinora.denoise.condition import Hold, Region, Words
from kinora.denoise.loop import denoise
from kinora.denoise.stream import led
from kinora.generate import Request, generate
from kinora.open_weights.family import Prepared
from kinora.open_weights.hunyuan_image import states as hunyuan_states
from kinora.open_weights.known import Known, known, runs
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.vace import steering
from kinora.open_weights.wan_image import states, told

Tiny = Callable[[str], Path]

STEPS = 3

pytestmark = [
    # The library warns of its own parts when a pipeline is written or read.
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


def canvas_of(model: OpenModel, *, frames: int = 3) -> Canvas:
    return blank(LatentShape(frames, 4, 4), channels=model.channels, step=0.25)


def picture(side: int) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def pixels_of(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


def dreamt(model: OpenModel, canvas: Canvas, *, steps: int = STEPS) -> Tensor:
    done = denoise(
        canvas,
        model.velocity(canvas, model.read(["a red ball."], negative="bad"), guidance=4.0),
        noise=canvas.noise(0),
        schedule=model.schedule(canvas, steps=steps, shift=None),
        hold=model.capabilities.holding(canvas),
    )
    return done.latents.transpose(0, 1)[None]


def pipeline_makes(pipeline: Any, canvas: Canvas, **more: Any) -> Tensor:
    pipeline.set_progress_bar_config(disable=True)
    arguments: dict[str, Any] = {
        "prompt": "a red ball.", "negative_prompt": "bad", "guidance_scale": 4.0,
        "num_inference_steps": STEPS, "output_type": "latent",
        "latents": canvas.noise(0).transpose(0, 1)[None], "num_frames": 9, **more,
    }  # fmt: skip
    made: Tensor = pipeline(**{k: v for k, v in arguments.items() if v is not None}).frames
    return made


def telling(model: OpenModel, prepared: Prepared) -> OpenModel:
    """The model, told this whatever the canvas holds."""
    return OpenModel(replace(model.family, prepare=lambda *_: prepared), model.shelf)


@pytest.mark.parametrize("name", ["wan-i2v", "wan-flf2v", "wan-a14b-i2v"])
def test_a_picture_becomes_video_as_in_the_pipeline(tiny: Tiny, name: str) -> None:
    from diffusers import WanImageToVideoPipeline

    model, image, ends = load_open(tiny(name)), picture(32), name == "wan-flf2v"
    last = picture(32).rotate(90)
    seen = Known(torch.zeros(9, 3, 32, 32), torch.zeros(9, 1, 32, 32))
    seen.pixels[0], seen.shown[0] = pixels_of(image), 1.0
    if ends:
        seen.pixels[8], seen.shown[8] = pixels_of(last), 1.0
    shown = {}
    if model.shelf.folder.config("transformer").get("image_dim"):
        shown["encoder_hidden_states_image"] = states(model.shelf, seen, ends=ends)
    prepared = Prepared(channels=told(model.codec, seen, time=4), arguments=shown)
    canvas = canvas_of(model)
    pipeline = WanImageToVideoPipeline.from_pretrained(tiny(name))
    pictures = {"image": image, "last_image": last} if ends else {"image": image}
    made = pipeline_makes(pipeline, canvas, **pictures, height=32, width=32)
    ours = dreamt(telling(model, prepared), canvas)
    torch.testing.assert_close(ours, made, atol=1e-4, rtol=1e-4)
    assert made.std() > 0.3


@pytest.mark.parametrize("name", ["cogvideox-i2v", "cogvideox-1.5-i2v"])
def test_cogvideox_turns_a_picture_into_video_as_in_the_pipeline(tiny: Tiny, name: str) -> None:
    from diffusers import CogVideoXImageToVideoPipeline

    model, image, drawn = load_open(tiny(name)), picture(32), torch.Generator().manual_seed(4)
    film = canvas_of(model)
    whole = led(film, frames=model.stride.lead(len(film)))
    pipeline = CogVideoXImageToVideoPipeline.from_pretrained(tiny(name))
    # The pipeline draws the picture's latent, and the scale is upside down where its network was taught so.
    posterior = pipeline.vae.encode(pixels_of(image)[None, :, None]).latent_dist
    still = posterior.sample(drawn.manual_seed(4))[:, :, 0] * pipeline.vae.config.scaling_factor
    given = {
        "latents": whole.noise(0)[None], "max_sequence_length": 16, "height": 32, "width": 32,
        "num_inference_steps": 5,  # a divisor of 1000: the library's steps drift otherwise
    }  # fmt: skip
    made = pipeline_makes(pipeline, film, image=image, generator=drawn.manual_seed(4), **given)
    held = led(Hold(still).apply(film), frames=len(whole) - len(film))
    ours = dreamt(model, held, steps=5).transpose(1, 2)
    first = len(held) - len(film)
    seen = [index for index in range(len(held)) if index != first]
    torch.testing.assert_close(ours[:, seen], made[:, seen], atol=1e-4, rtol=1e-4)
    assert torch.equal(ours[0, first], still[0]), "and the picture itself is put back"
    assert made.std() > 0.3
    elsewhere = led(Hold(-still).apply(film), frames=first)
    other = dreamt(model, elsewhere, steps=5).transpose(1, 2)
    assert (ours - other)[:, seen].abs().max() > 0.01, "the others listen to it"


def test_hunyuan_turns_a_picture_into_video_as_in_the_pipeline(tiny: Tiny) -> None:
    from diffusers import HunyuanVideo15ImageToVideoPipeline

    model, image = load_open(tiny("hunyuan-i2v")), picture(16)
    still = model.codec.encode_pixels(pixels_of(image)[None])
    film = blank(LatentShape(5, 4, 4), channels=model.channels, step=0.1)
    held = Hold(still).apply(film)
    prepared = model.family.prepare(model.shelf, model.codec, held)
    shown = {"image_embeds": hunyuan_states(model.shelf, np.array(image)[None])}
    pipeline = HunyuanVideo15ImageToVideoPipeline.from_pretrained(tiny("hunyuan-i2v"))
    made = pipeline_makes(pipeline, film, image=image, guidance_scale=None)
    ours = dreamt(telling(model, replace(prepared, arguments=shown)), film)
    torch.testing.assert_close(ours, made, atol=1e-4, rtol=1e-4)
    assert made.std() > 0.3
    by_itself = dreamt(model, held)
    assert torch.equal(by_itself[0, :, 0], still[0])
    assert (by_itself - dreamt(model, Hold(-still).apply(film)))[0, :, 1:].abs().max() > 0.01


def test_who_knows_one_picture_says_so(tiny: Tiny) -> None:
    model = load_open(tiny("cogvideox-1.5-i2v"))
    words, film = model.read(["x"]), canvas_of(model)
    for held in ([], [2], [0, 1]):
        canvas = film.with_(level=torch.ones(3))
        canvas.level[held] = 0.0
        message = "one first frame" if held else "no frame of the canvas is known"
        with pytest.raises(UnsupportedError, match=message):
            model.velocity(led(canvas, frames=1), words, guidance=1.0)
    learnt = load_open(tiny("cogvideox-i2v"))
    assert (learnt.capabilities.width, learnt.capabilities.height) == (32, 32)
    larger = blank(LatentShape(3, 4, 8), channels=4, step=0.25)
    with pytest.raises(UnsupportedError, match="--size 32x32"):
        learnt.velocity(larger, words, guidance=1.0)


def test_the_last_picture_is_seen_too(tiny: Tiny) -> None:
    model = load_open(tiny("wan-flf2v"))
    latents = torch.randn(3, model.channels, 4, 4, generator=torch.Generator().manual_seed(2))
    canvas = canvas_of(model).with_(latents=latents, level=torch.tensor([0.0, 1.0, 0.0]))
    other = canvas.with_(latents=torch.cat([latents[:2], -latents[2:]]))
    difference = dreamt(model, canvas) - dreamt(model, other)
    assert difference[0, :, 1].abs().max() > 1e-3


def test_known_pixels_steer_as_in_the_pipeline(tiny: Tiny) -> None:
    from diffusers import WanVACEPipeline

    model = load_open(tiny("vace"))
    seen = Known(torch.zeros(9, 3, 32, 32), torch.zeros(9, 1, 32, 32))
    seen.pixels[:3] = pixels_of(picture(32))
    seen.shown[:3] = 1.0
    seen.shown[1, :, 16:] = 0.0
    seen = Known(seen.pixels * seen.shown, seen.shown)
    control = steering(model.codec, seen, frames=3, space=8)
    canvas = canvas_of(model)
    made = pipeline_makes(
        WanVACEPipeline.from_pretrained(tiny("vace")),
        canvas,
        video=seen.pixels[None] / 2 + 0.5,
        mask=(1 - seen.shown).expand(-1, 3, -1, -1)[None],
        height=32,
        width=32,
    )
    ours = dreamt(telling(model, Prepared(arguments={"control_hidden_states": control})), canvas)
    torch.testing.assert_close(ours, made, atol=1e-4, rtol=1e-4)
    free = dreamt(model, canvas)
    assert (free - made).abs().max() > 0.01, "the branch steers"


def test_a_first_frame_at_level_zero_as_in_the_pipeline(tiny: Tiny) -> None:
    from diffusers import WanImageToVideoPipeline

    model, image = load_open(tiny("wan-ti2v")), picture(64)
    still = model.codec.encode_pixels(pixels_of(image)[None])
    canvas = canvas_of(model)
    pipeline = WanImageToVideoPipeline(
        **{
            part: model.shelf.get(part)
            for part in ("transformer", "vae", "text_encoder", "tokenizer")
        },
        scheduler=load_scheduler(tiny("wan-ti2v")),
        expand_timesteps=True,
    )
    made = pipeline_makes(pipeline, canvas, image=image, height=64, width=64)
    ours = dreamt(model, Hold(still).apply(canvas))
    torch.testing.assert_close(ours, made, atol=1e-4, rtol=1e-4)
    assert torch.equal(ours[0, :, 0], still[0]), "and it comes back bit-exact"


def load_scheduler(folder: Path) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler.from_pretrained(folder, subfolder="scheduler")


EDITS = {
    "first frame": slice(0, 1),
    "extend": slice(0, 2),
    "extend backward": slice(2, 3),
    "retake": slice(0, 3, 2),
}


@pytest.mark.parametrize("name", ["wan", "wan-ti2v", "skyreels-df", "wan-i2v", "vace", "mochi"])
# The library asks for float32 autocast, which the processor has not.
@pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
def test_edits_keep_what_is_held_and_listen_to_it(tiny: Tiny, name: str) -> None:
    model = load_open(tiny(name))
    latents = torch.randn(3, model.channels, 4, 4, generator=torch.Generator().manual_seed(2))
    words, base = model.read(["a red ball."]), canvas_of(model)
    outcomes = []
    for held in EDITS.values():
        canvas = base.with_(latents=latents, level=torch.ones(3))
        canvas.level[held] = 0.0
        done = denoise(
            canvas,
            model.velocity(canvas, words, guidance=1.0),
            noise=canvas.noise(0),
            schedule=model.schedule(canvas, steps=2, shift=None),
            hold=model.capabilities.holding(canvas),
        )
        assert torch.equal(done.latents[held], latents[held])
        outcomes.append(done.latents[1])
    assert (outcomes[0] - outcomes[2]).abs().max() > 1e-3, "the frame between hears which is held"


def test_a_film_from_a_picture(tiny: Tiny) -> None:
    model = load_open(tiny("wan-ti2v"))
    image = np.array(picture(64))[None]
    still = model.encode(Clip(image, 24))
    request = Request(
        ("a red ball.",), seconds=8 / 24, height=64, width=64, steps=2, conditions=(Hold(still),)
    )
    film = generate(model, request)
    assert film.clip.frames.shape == (9, 64, 64, 3)
    assert torch.equal(film.latents[0], still[0])
    assert film.request.shift == 5.0, "the folder's own"


def test_a_region_of_a_model_with_levels_by_frame_is_noised_anew(tiny: Tiny) -> None:
    model = load_open(tiny("skyreels-df"))
    latents = torch.randn(3, model.channels, 4, 4, generator=torch.Generator().manual_seed(2))
    mask = torch.zeros(4, 4)
    mask[:, 2:] = 1
    canvas = Region(mask).apply(canvas_of(model).with_(latents=latents))
    assert model.capabilities.holding(canvas) == "renoise"
    made = dreamt(model, canvas)[0].transpose(0, 1)
    assert torch.equal(made[..., :2], latents[..., :2])
    assert not torch.equal(made[..., 2:], latents[..., 2:])


def test_frames_listen_to_their_own_shot(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    words = model.read(["a red ball.", "x"])
    canvas = canvas_of(model)
    level = torch.ones(3)
    mixed = model.velocity(Words(1, 2, 3).apply(canvas), words, guidance=1.0)
    first = model.velocity(canvas, words, guidance=1.0)(canvas.noise(0), level)
    both = mixed(canvas.noise(0), level)
    assert torch.equal(both[:2], first[:2])
    assert not torch.equal(both[2], first[2])


def test_what_a_model_cannot_is_said(tiny: Tiny) -> None:
    model = load_open(tiny("wan-i2v"))
    words = model.read(["x"])
    canvas = canvas_of(model)
    with pytest.raises(UnsupportedError, match="no frame of the canvas is known"):
        model.velocity(canvas, words, guidance=1.0)
    part = canvas.with_(level=torch.ones(3, 4, 4))
    part.level[0, 0, 0] = 0
    with pytest.raises(UnsupportedError, match="whole frames"):
        model.velocity(part, words, guidance=1.0)
    with pytest.raises(UnsupportedError, match="one camera"):
        model.velocity(canvas.with_(view=torch.tensor([0, 1, 0])), words, guidance=1.0)
    outside = canvas.with_(time=torch.tensor([0.0, OUTSIDE_TIME, 1.0]))
    with pytest.raises(UnsupportedError, match="references"):
        model.velocity(outside, words, guidance=1.0)


def test_a_run_in_the_middle_shows_its_first_picture_only(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    canvas = canvas_of(model).with_(level=torch.tensor([1.0, 1.0, 0.0]))
    seen = known(canvas, model.codec, model.stride)
    assert seen.shown[:, 0, 0, 0].tolist() == [0.0] * 8 + [1.0]
    assert runs(torch.tensor([True, True, False, True])) == [(0, 2), (3, 4)]
