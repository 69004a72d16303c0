"""Another aspect: the clip stays in the middle, to the last bit."""

import numpy as np
import pytest
import torch

from kinora.core.errors import UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.outpaint import REACH, Outpaint, outpaint, surrounded
from kinora.timeline.source import source, with_references


def test_the_clip_lies_in_the_middle(model: Bundle, film: Film) -> None:
    made = outpaint(model, film, Outpaint(height=64, width=128))
    assert made.clip.frames.shape == (25, 64, 128, 3)
    assert np.array_equal(made.clip.frames[:, :, 32:96], film.clip.frames)
    assert torch.equal(made.latents[..., 2:6], film.latents)
    assert made.clip.frames[:, :, :32].std() > 0


def test_sizes_are_snapped_and_told(model: Bundle, film: Film) -> None:
    made = outpaint(model, film, Outpaint(height=70, width=130))
    assert made.notes == ("130x70 became 128x64",)


def test_a_smaller_size_is_refused(model: Bundle, film: Film) -> None:
    with pytest.raises(UsageError, match="32x64 has no room around a clip of 64x64"):
        outpaint(model, film, Outpaint(height=64, width=32))


def test_references_of_the_clips_size_do_not_stand_on_a_larger_canvas(
    model: Bundle, film: Film
) -> None:
    known = source(model, film)
    small = with_references(known, known.latents[:1])
    large = with_references(known, torch.ones(1, model.channels, 4, 8))
    wish = Outpaint(height=64, width=128)
    plain, one, two = (outpaint(model, each, wish) for each in (known, small, large))
    assert torch.equal(plain.latents, one.latents)
    assert not torch.equal(plain.latents, two.latents)


def test_a_step_in_colour_fades_around_the_clip() -> None:
    drawn, true = np.full((2, 64, 96, 3), 100, np.uint8), np.full((2, 16, 32, 3), 134, np.uint8)
    true[:, ::2] += 2
    done = surrounded(drawn, true, 24, 32)
    assert np.array_equal(done[:, 24:40, 32:64], true)
    assert done[:, 23, 32:64].min() >= 128
    across = done[0, 32, 64:, 0].astype(int)
    assert (np.diff(across) <= 0).all()
    assert across[REACH // 2] in range(114, 122)
    assert (across[REACH:] == 100).all()
    assert (done[:, : 24 - REACH] == 100).all()
    corner = done[0, 16:24, 24:32, 0].astype(int)
    assert np.abs(np.diff(corner, axis=0)).max() <= 4
    assert np.abs(np.diff(corner, axis=1)).max() <= 4


def test_a_clip_as_wide_as_the_canvas_has_no_step_at_its_sides() -> None:
    drawn = np.full((1, 64, 32, 3), 100, np.uint8)
    true = np.tile(np.arange(32, dtype=np.uint8) * 8, (1, 16, 1))[..., None].repeat(3, -1)
    done = surrounded(drawn, true, 24, 0)
    assert np.array_equal(done[:, 24:40], true)
    assert done[0, 23, 4, 0] < 100 < done[0, 23, 28, 0]
    assert (done[:, : 24 - REACH] == 100).all()
