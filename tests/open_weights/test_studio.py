"""The studio's own edits on published models: what is held comes back to the last bit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.caption.judge import load_judge
from kinora.core.progress import silent
from kinora.evaluate.ledger import Told
from kinora.evaluate.takes import Eye
from kinora.evaluate.verify import Ledger, verified
from kinora.generate import Film, Request, generate
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.timeline.animate import Animate, animate
from kinora.timeline.extend import Extend, extend
from kinora.timeline.loop import Loop, loop
from kinora.timeline.retake import Retake, retake

Tiny = Callable[[str], Path]
Made = tuple[OpenModel, Film]

MODELS = ("wan", "wan-ti2v", "skyreels-df")
NATIVE = {"wan-ti2v", "skyreels-df"}
LATENTS, SIDE, STEPS = 5, 64, 2

# The library warns of its own parts when a pipeline is written or read.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


@pytest.fixture(scope="module", params=MODELS)
def made(tiny: Tiny, request: pytest.FixtureRequest) -> Made:
    """A model and a film of it: 17 frames, 5 latents."""
    model = load_open(tiny(request.param))
    assert (model.capabilities.hold == "native") == (request.param in NATIVE)
    seconds = (LATENTS - 1) * model.stride.time / model.capabilities.fps
    wish = Request(("a red ball.",), seconds=seconds, height=SIDE, width=SIDE, steps=STEPS, seed=1)
    return model, generate(model, wish)


def seconds(made: Made, latents: int) -> float:
    model, _ = made
    return latents * model.stride.time / model.capabilities.fps


def test_a_picture_is_the_first_frame(made: Made) -> None:
    model, film = made
    still = film.clip.__class__(film.clip.frames[-1:], film.clip.fps)
    longer = animate(model, still, Animate(seconds=seconds(made, 2), steps=STEPS))
    assert np.array_equal(longer.clip.frames[0], still.frames[0])
    assert torch.equal(longer.latents[:1], model.encode(still))
    other = film.clip.__class__(film.clip.frames[:1], film.clip.fps)
    elsewhere = animate(model, other, Animate(seconds=seconds(made, 2), steps=STEPS))
    assert (longer.latents - elsewhere.latents)[1:].abs().max() > 1e-3, "the others listen to it"


@pytest.mark.parametrize("backward", [False, True])
def test_extend(made: Made, backward: bool) -> None:
    model, film = made
    longer = extend(model, film, Extend(seconds=seconds(made, 2), steps=STEPS, backward=backward))
    assert longer.clip.frames.shape == (25, SIDE, SIDE, 3)
    frames = longer.clip.frames[8:] if backward else longer.clip.frames[:17]
    assert np.array_equal(frames, film.clip.frames)
    old, kept = (
        (film.latents[1:], longer.latents[3:]) if backward else (film.latents, longer.latents[:5])
    )
    assert torch.equal(kept, old)


def test_loop(made: Made) -> None:
    model, film = made
    round_ = loop(model, film, Loop(bridge="short", steps=STEPS))
    assert np.array_equal(round_.clip.frames[:17], film.clip.frames)
    assert torch.equal(round_.latents[:LATENTS], film.latents)
    assert len(round_.latents) == LATENTS + 2
    assert len(round_.clip) == 17 + 2 * 4 - 1


def test_retake(made: Made) -> None:
    model, film = made
    edit = Retake(start=5 / film.clip.fps, stop=9 / film.clip.fps, steps=STEPS)
    taken = retake(model, film, edit)
    same = [torch.equal(taken.latents[i], film.latents[i]) for i in range(LATENTS)]
    assert same == [True, True, False, True, True]
    kept = (taken.clip.frames == film.clip.frames).all((1, 2, 3)).tolist()
    assert kept == [True] * 5 + [False] * 4 + [True] * 8


def test_pictures_that_the_judge_does_not_know_are_not_judged(made: Made) -> None:
    model, film = made
    watched, ledger = verified(model, film.request, judge=load_judge(), tries=3)
    assert [each.tries for each in ledger.windows] == [1]
    assert {entry.found for entry in ledger.entries} == {"unknown"}
    assert not ledger.broken
    assert torch.equal(watched.latents, film.latents)
    (line,) = ledger.lines()
    assert "not checked" in line and line in watched.notes
    eye = Eye(model, load_judge(), silent)
    windows = eye.look(film.clip.frames, (Told("a red ball", 0.0, 9.0),), first=0)
    assert not Ledger(windows=windows).broken, "of edits and shots too"
