"""Loops: the clip stays, the bridge lands on its first frame."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.loop import Loop, latent_frames, loop
from kinora.timeline.seam import jump, jumps


def test_the_clip_stays_and_the_bridge_has_no_frame_of_it(model: Bundle, film: Film) -> None:
    round_and_round = loop(model, film, Loop(bridge="short"))
    assert np.array_equal(round_and_round.clip.frames[:25], film.clip.frames)
    assert torch.equal(round_and_round.latents[:7], film.latents)
    assert len(round_and_round.clip) == 25 + 2 * 4 - 1


def test_the_end_moves_towards_the_beginning(model: Bundle, film: Film) -> None:
    made = loop(model, film, Loop())
    raw = np.concatenate(list(model.decode(made.latents)))
    end, begin = made.clip.frames[-1], film.clip.frames[0]
    assert jump(end, begin) <= jump(raw[-2], raw[-1]) + jump(raw[-1], begin) / 5 + 1


def test_the_bridge_sees_where_it_must_arrive(model: Bundle, film: Film) -> None:
    other_head = film.latents.clone()
    other_head[1:3] += 1
    changed = Film(film.clip, other_head, film.request)
    one, two = loop(model, film, Loop()), loop(model, changed, Loop())
    assert not torch.equal(one.latents[7:], two.latents[7:])


def test_lengths_by_name_and_by_seconds() -> None:
    assert [latent_frames(name, step=0.5) for name in ("short", "normal", "long")] == [2, 4, 8]
    assert latent_frames(1.6, step=0.5) == 3


def test_a_bridge_longer_than_the_clip_and_a_still_are_refused(
    model: Bundle, film: Film, still: Film
) -> None:
    with pytest.raises(UsageError, match=r"a bridge of 4 s is longer than the clip of 3.125 s"):
        loop(model, film, Loop(bridge="long"))
    with pytest.raises(UsageError, match="a still cannot be looped"):
        loop(model, still, Loop())


def test_the_way_back_ends_as_quietly_as_the_film_goes(model: Bundle, film: Film) -> None:
    still = replace(film, clip=Clip(film.clip.frames[:1].repeat(25, 0), film.clip.fps))
    for given in (film, still):
        made = loop(model, given, Loop(bridge="normal"))
        wrap = jump(made.clip.frames[-1], made.clip.frames[0])
        assert wrap <= np.median(jumps(given.clip.frames))
