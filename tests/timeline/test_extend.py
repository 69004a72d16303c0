"""Extension: every old frame and latent stays, the new ones are seamless and reproducible."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.core.clip import Clip
from kinora.core.errors import CancelledError, UsageError
from kinora.core.progress import Progress
from kinora.denoise.condition import View
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.extend import Extend, extend
from kinora.timeline.seam import EASE, jump, liveliest
from kinora.timeline.source import source


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_forward_keeps_the_clip_and_adds_the_seconds(
    model: Bundle, film: Film, seconds: float
) -> None:
    longer = extend(model, film, Extend(seconds=seconds))
    added = round(seconds * 8)
    assert len(longer.clip) == len(film.clip) + added
    assert np.array_equal(longer.clip.frames[:25], film.clip.frames)
    assert torch.equal(longer.latents[:7], film.latents)
    assert len(longer.latents) == 7 + added // 4


def test_behind_a_card_the_scene_goes_on_unseen(model: Bundle, film: Film) -> None:
    """What comes after it is what would have come without it, and the card stays as it is."""
    card = np.full((8, *film.clip.frames.shape[1:]), 128, np.uint8)
    hidden = extend(
        model, Clip(np.concatenate([film.clip.frames, card]), 8.0), Extend(seconds=1, prompt="a")
    )
    seen = extend(model, film.clip, Extend(seconds=2, prompt="a"))
    assert np.array_equal(hidden.clip.frames[:33], [*film.clip.frames, *card])
    assert len(hidden.clip) == len(seen.clip) == 41
    assert torch.equal(hidden.latents[-2:], seen.latents[-2:])
    apart = np.abs(hidden.clip.frames[-8:].astype(int) - seen.clip.frames[-8:])
    assert np.percentile(apart, 99) <= 2
    assert "shows nothing" in hidden.notes[-1] and not seen.notes


def test_a_clip_of_nothing_goes_on_as_it_is(model: Bundle) -> None:
    nothing = Clip(np.full((5, 64, 96, 3), 128, np.uint8), 8.0)
    assert len(extend(model, nothing, Extend(seconds=0.5)).clip) == 9


@pytest.mark.parametrize("seconds", [1.0, 9.0])
def test_backward_keeps_the_clip_behind_new_frames(
    model: Bundle, film: Film, seconds: float
) -> None:
    longer = extend(model, film, Extend(seconds=seconds, backward=True))
    added = round(seconds * 8)
    assert np.array_equal(longer.clip.frames[added:], film.clip.frames)
    assert torch.equal(longer.latents[1 + added // 4 :], film.latents[1:])
    assert len(longer.clip) == added + 25


def test_a_model_with_a_memory_extends_too(causal: Bundle, film: Film) -> None:
    longer = extend(causal, film, Extend(seconds=8))
    assert len(longer.clip) == 25 + 64
    assert torch.equal(longer.latents[:7], film.latents)


def test_own_films_go_on_as_if_decoded_at_once(model: Bundle, film: Film) -> None:
    longer = extend(model, film, Extend(seconds=1))
    whole = np.concatenate(list(model.decode(longer.latents)))
    eased = slice(25, 25 + 1 + EASE)
    # Sums of another order, as with other threads and chunks, may round otherwise.
    apart = np.abs(longer.clip.frames.astype(int) - whole).max((1, 2, 3))
    assert apart[:25].max() <= 1
    assert apart[eased.stop :].max() <= 1
    if jump(whole[24], whole[25]) <= liveliest((film.clip.frames,)):
        assert apart[eased].max() <= 1


def _lively(film: Film) -> Film:
    """The film with a flash in every other frame, and its latents."""
    frames = film.clip.frames.copy()
    frames[::2] //= 2
    return replace(film, clip=Clip(frames, film.clip.fps))


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("lively", [False, True])
def test_no_seam_steps_further_than_the_film_itself(
    model: Bundle, film: Film, *, backward: bool, lively: bool
) -> None:
    still = replace(film, clip=Clip(film.clip.frames[:1].repeat(25, 0), film.clip.fps))
    given = _lively(film) if lively else still
    longer = extend(model, given, Extend(seconds=1, backward=backward))
    at = 8 if backward else 25
    step = jump(longer.clip.frames[at - 1], longer.clip.frames[at])
    assert step <= liveliest((given.clip.frames,))
    assert lively or step == 0


def test_the_backward_seam_lands_on_the_first_frame(model: Bundle, film: Film) -> None:
    longer = extend(model, film, Extend(seconds=1, backward=True))
    raw = np.concatenate(list(model.decode(longer.latents[:3])))
    assert jump(longer.clip.frames[7], film.clip.frames[0]) < jump(raw[-2], film.clip.frames[0])


def test_what_was_before_is_of_the_same_camera(causal: Bundle, film: Film) -> None:
    left = replace(film, request=replace(film.request, conditions=(View(1),)))
    for backward in (False, True):
        longer = extend(causal, left, Extend(seconds=1, backward=backward, steps=1))
        assert source(causal, longer).view.tolist() == [1] * 9


def test_seeds_words_and_repetition(model: Bundle, film: Film) -> None:
    one = extend(model, film, Extend(seconds=1, seed=3))
    assert torch.equal(one.latents, extend(model, film, Extend(seconds=1, seed=3)).latents)
    assert not torch.equal(one.latents, extend(model, film, Extend(seconds=1, seed=4)).latents)
    told = extend(model, film, Extend(seconds=1, seed=3, prompt="a green cone"))
    assert told.request.prompts == ("a red ball", "a green cone")
    assert not torch.equal(one.latents[7:], told.latents[7:])
    again = extend(model, told, Extend(seconds=1))
    assert again.request.prompts == ("a red ball", "a green cone")


def test_negative_words_without_guidance_are_told(model: Bundle, film: Film) -> None:
    wish = Extend(seconds=0.5, negative="a cone", steps=1)
    assert not extend(model, film, wish).notes
    plain = extend(model, film, wish.model_copy(update={"guidance": 1.0}))
    assert plain.notes == (
        "without guidance nothing is pushed away from: the negative words do nothing",
    )


def test_a_still_has_a_future_but_no_past(model: Bundle, still: Film) -> None:
    assert len(extend(model, still, Extend(seconds=1)).clip) == 9
    with pytest.raises(UsageError, match="a still cannot be extended backward"):
        extend(model, still, Extend(seconds=1, backward=True))


def test_it_stops_within_a_step(model: Bundle, film: Film) -> None:
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        extend(model, film, Extend(seconds=1), on_progress=stop)
    assert len(told) == 1
