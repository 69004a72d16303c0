"""Checkpoints taught to stream: a memory sees what a mask lets see, and a film is what their papers say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from kinora.cli.main import main
from kinora.core.errors import UnsupportedError, UsageError
from kinora.core.shape import LatentShape
from kinora.denoise.canvas import Canvas, blank
from kinora.denoise.stream import opening
from kinora.flow.solver.anew import Anew
from kinora.generate import Request, generate
from kinora.media.sidecar import read_sidecar
from kinora.open_weights.blocks import BLOCK, WINDOW, Blocks
from kinora.open_weights.causal import block_causal
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.outside import Outside, dressed
from kinora.open_weights.shelf import Shelf
from kinora.timeline.extend import Extend, extend
from kinora.timeline.loop import Loop, loop

Tiny = Callable[[str], Path]
PROMPT = "a red ball."

# The library warns of its own parts when networks are read.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


def canvas_of(model: OpenModel, frames: int) -> Canvas:
    return blank(LatentShape(frames, 4, 4), channels=model.channels, step=0.25)


def voice(model: OpenModel) -> Blocks:
    opened = opening(model, model.read([PROMPT]), guidance=1.0)
    assert isinstance(opened, Blocks)
    return opened


@pytest.fixture
def masked(tiny: Tiny) -> OpenModel:
    """The same weights, seeing whole canvases under a mask."""
    plain = load_open(tiny("wan"))
    block_causal(plain.shelf.get("transformer"), block=BLOCK)
    return plain


def seen(masked: OpenModel, past: Tensor, x: Tensor, level: float) -> Tensor:
    """The velocity of `x` behind clean frames, by the mask."""
    canvas = canvas_of(masked, len(past) + len(x))
    field = masked.velocity(canvas, masked.read([PROMPT]), guidance=1.0)
    levels = torch.tensor([0.0] * len(past) + [level] * len(x))
    return field(torch.cat([past, x]), levels)[len(past) :]


def test_a_memory_sees_what_a_mask_lets_see(tiny: Tiny, masked: OpenModel) -> None:
    model = load_open(tiny("wan-causal"))
    film = canvas_of(model, 9)
    past, x = film.noise(1)[:6], film.noise(2)[6:]
    clean = film[:6].with_(latents=past, level=torch.zeros(6))
    remembering = voice(model).after(clean)
    assert remembering.past.frames == 6
    mine = remembering.velocity(film[6:])(x, torch.full((3,), 0.7))
    torch.testing.assert_close(mine, seen(masked, past, x, 0.7), atol=1e-4, rtol=1e-4)
    blind = voice(model).velocity(film[6:])(x, torch.full((3,), 0.7))
    assert (mine - blind).abs().max() > 0.01, "and it is heard"


def test_a_film_is_what_self_forcing_says(tiny: Tiny, masked: OpenModel) -> None:
    """Block by block: at 1, 0.9375, 0.8333 and 0.625 predict the clean block, noise it to the next."""
    model = load_open(tiny("wan-causal"))
    wish = Request((PROMPT,), seconds=2.0, height=32, width=32, seed=3)
    film = generate(model, wish)
    assert film.request.steps == 4
    frames = len(film.latents)
    assert frames == 9
    noise, stops = canvas_of(model, frames).noise(3), [1.0, 0.9375, 5 * 0.5 / 3, 0.625, 0.0]
    torch.testing.assert_close(
        model.schedule(canvas_of(model, 3), steps=4, shift=5.0), torch.tensor(stops)
    )
    done = noise[:0]
    for start in range(0, frames, BLOCK):
        x, draw = noise[start : start + BLOCK], Anew(seed=3, start=start)
        for here, there in zip(stops[:-1], stops[1:], strict=True):
            clean = x + here * seen(masked, done, x, here)
            fresh = draw._noise(x, torch.full((BLOCK,), there))
            x = (1 - there) * clean + there * fresh
        done = torch.cat([done, x])
    assert done.std() > 0.3
    torch.testing.assert_close(film.latents, done, atol=1e-4, rtol=1e-4)


def test_the_memory_is_bounded_and_films_are_not(tiny: Tiny) -> None:
    model = load_open(tiny("wan-causal"))
    kept = voice(model)
    for number in range(9):
        block = canvas_of(model, BLOCK)
        kept = kept.after(block.with_(latents=block.noise(number), level=torch.zeros(BLOCK)))
    assert kept.past.frames == WINDOW - BLOCK
    assert kept.past.layers[0][0].shape[1] == (WINDOW - BLOCK) * 4, "tokens of two by two a frame"
    film = generate(model, Request((PROMPT,), seconds=7.0, height=32, width=32, steps=1))
    assert len(film.latents) == 29
    assert film.notes == ()


def test_another_shot_is_another_memory(tiny: Tiny) -> None:
    model = load_open(tiny("wan-causal"))
    words, film = model.read([PROMPT, "x"]), canvas_of(model, 3)
    opened = model.begin(words, guidance=1.0)
    x, level = film.noise(0), torch.ones(3)
    first = opened.velocity(film)(x, level)
    both = opened.velocity(film.with_(text=torch.tensor([0, 0, 1])))(x, level)
    assert torch.equal(both[:2], first[:2])
    assert not torch.equal(both[2], first[2])


def test_studio_and_what_cannot_be(tiny: Tiny) -> None:
    model = load_open(tiny("wan-causal"))
    film = generate(model, Request((PROMPT,), seconds=1.0, height=32, width=32, seed=3))
    longer = extend(model, film, Extend(seconds=0.75))
    assert torch.equal(longer.latents[: len(film.latents)], film.latents)
    assert (longer.latents[-1] - film.latents[-1]).abs().max() > 0.01
    with pytest.raises(UnsupportedError, match="nothing that comes later"):
        loop(model, film, Loop(bridge="short"))
    with pytest.raises(UsageError, match="--guidance 1"):
        generate(model, replace(film.request, guidance=4.0))
    with pytest.raises(UnsupportedError, match="no step to skip"):
        dressed(model, Outside(step_cache=0.05))


def test_it_stays_so_where_networks_come_and_go(tiny: Tiny) -> None:
    model = load_open(tiny("wan-causal"))
    moved = OpenModel(model.family, model.shelf.moved(model.shelf.placement))
    assert isinstance(moved.shelf, Shelf)
    wish = Request((PROMPT,), seconds=1.25, height=32, width=32, seed=3)

    def latents(of: Any) -> Tensor:
        return generate(of, wish).latents

    whole = latents(model)
    assert torch.equal(latents(moved), whole)
    faster = dressed(model, Outside(compiled=True, backend="eager"))
    torch.testing.assert_close(latents(faster), whole, atol=1e-4, rtol=1e-4)


def test_from_words_to_a_film_and_on(tiny: Tiny, tmp_path: Path) -> None:
    """The folder is named once: an edit goes on with the model that made the film."""
    film, longer = tmp_path / "a.mp4", tmp_path / "b.mp4"
    words = ["generate", PROMPT, "--seconds", "0.5", "--size", "32x32", "--seed", "1", "-q"]
    assert main([*words, "--model", str(tiny("wan-causal")), "-o", str(film)]) == 0
    told = ["extend", str(film), "--seconds", "0.5", "--seed", "1", "-q"]
    assert main([*told, "-o", str(longer)]) == 0
    first, second = (read_sidecar(file) for file in (film, longer))
    assert first.model is not None
    assert first.model == second.model
    assert first.made is not None
    assert second.made is not None
    assert second.made.frames > first.made.frames
