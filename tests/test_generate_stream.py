"""The path of a prompt: the same film at once, in pieces, and again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.core.errors import UsageError
from kinora.denoise.condition import Hold, Words
from kinora.generate import Request, generate, stream
from kinora.models.bundle import Bundle
from tiny import tiny_bundle

SHORT = Request(("a red ball",), seconds=1.0, height=64, width=64, steps=1, seed=3)
LONG = replace(SHORT, seconds=8.0)


@pytest.fixture(scope="module")
def model() -> Bundle:
    return tiny_bundle()


@pytest.fixture(scope="module")
def causal(model: Bundle) -> Bundle:
    return replace(model, index=model.index.model_copy(update={"causal": True}))


@pytest.mark.parametrize("kind", ["model", "causal"])
@pytest.mark.parametrize("wish", [SHORT, LONG], ids=["short", "long"])
def test_frames_come_in_pieces_as_they_would_at_once(
    kind: str, wish: Request, request: pytest.FixtureRequest
) -> None:
    made_by: Bundle = request.getfixturevalue(kind)
    whole, kept = generate(made_by, wish), list[torch.Tensor]()
    frames = np.concatenate(list(stream(made_by, wish, keep=kept.append)))
    assert np.array_equal(frames, whole.clip.frames)
    assert torch.equal(torch.cat(kept), whole.latents)


def test_latents_are_kept_before_they_are_decoded(causal: Bundle) -> None:
    kept = list[torch.Tensor]()
    next(iter(stream(causal, LONG, keep=kept.append)))
    assert len(kept) == 1


def test_words_may_change_on_the_way(causal: Bundle) -> None:
    two = replace(LONG, prompts=("a red ball", "a blue cube"), conditions=(Words(1, start=9),))
    one, other = generate(causal, LONG), generate(causal, two)
    apart = (one.latents - other.latents).abs()
    # Read together, two prompts go through products of another size, which may round differently.
    assert apart[:9].max() < 1e-4
    assert apart[9:].max() > 1e-2


def test_what_is_held_in_a_long_film_stays(causal: Bundle) -> None:
    known = torch.randn(2, causal.channels, 4, 4, generator=torch.manual_seed(0))
    film = generate(causal, replace(LONG, conditions=(Hold(known, 7),)))
    assert torch.equal(film.latents[7:9], known)


def test_a_model_without_memory_says_so(model: Bundle, causal: Bundle) -> None:
    told = "tiny-test has no memory: the film is made in windows that overlap"
    assert told in generate(model, LONG).notes
    assert generate(causal, LONG).notes == ()
    assert generate(model, SHORT).notes == ()


def test_wishes_that_cannot_be_are_refused(model: Bundle) -> None:
    for wrong in (
        replace(SHORT, prompts=(" ",)),
        replace(SHORT, seconds=-1.0),
        replace(SHORT, steps=0),
    ):
        with pytest.raises(UsageError):
            generate(model, wrong)
