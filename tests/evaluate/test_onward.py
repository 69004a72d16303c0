"""Going on with memory and without: two beginnings that end alike tell what the model was shown."""

import numpy as np
import torch

from kinora.core.clip import Clip
from kinora.evaluate.onward import WITHOUT, Wish, behind_a_card, go_on
from tiny import FPS, HEIGHT, WIDTH, tiny_bundle

WITH_MEMORY = Wish(steps=1)
FORGETFUL = Wish(steps=1, memory=False)


def beginning(first: int, *, frames: int = 21) -> Clip:
    """Frames that are all alike but for the very first, a plain one of this brightness."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    ramp = np.stack([rows, columns, rows + columns], axis=-1).astype(np.uint8)
    clip = np.tile(ramp, (frames, 1, 1, 1))
    clip[0] = first
    return Clip(clip, FPS)


def test_without_memory_only_the_last_latent_frame_decides() -> None:
    model = tiny_bundle()
    dark, bright = beginning(0), beginning(255)
    ends = [model.encode(clip)[-1] for clip in (dark, bright)]
    assert torch.equal(*ends), "the beginnings must end alike"

    def new(start: Clip, wish: Wish) -> np.ndarray:
        film = go_on(model, ("a red ball",), start, more=1.0, wish=wish)
        assert len(film) == len(start) + FPS
        return film.frames[len(start) :]

    assert np.array_equal(new(dark, FORGETFUL), new(bright, FORGETFUL))
    assert not np.array_equal(new(dark, WITH_MEMORY), new(bright, WITH_MEMORY))


def test_without_memory_nothing_is_known_behind_a_card() -> None:
    model = tiny_bundle()

    def new(brightness: int, wish: Wish) -> np.ndarray:
        start = beginning(brightness, frames=5)
        film, first = behind_a_card(model, "a red ball", start, more=1.0, wish=wish)
        assert len(film) == first + FPS
        return film.frames[first:]

    assert not np.array_equal(new(0, WITH_MEMORY), new(255, WITH_MEMORY))
    assert np.array_equal(new(0, FORGETFUL), new(255, FORGETFUL))


def test_what_is_new_listens_to_the_last_words() -> None:
    model, start = tiny_bundle(), beginning(0)
    for wish in (WITH_MEMORY, FORGETFUL):
        one, other = (
            go_on(model, ("a red ball", words), start, more=1.0, wish=wish, since=6).frames
            for words in ("a red ball", "a blue cone")
        )
        assert not np.array_equal(one, other)


def test_numbers_without_memory_are_named_so() -> None:
    assert (WITH_MEMORY.ending, FORGETFUL.ending) == ("", WITHOUT)
