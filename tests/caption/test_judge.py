"""The shipped judge, on renders that its training never saw."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.caption.judge import Judge, load_judge
from kinora.caption.tuned import Tuned
from kinora.caption.words import in_words
from kinora.core.clip import Clip
from kinora.train.disturb import nothing_known
from kinora.world import Mix, render_clip

FIRST = 40_000_000


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


def test_stills_are_read_right(judge: Judge) -> None:
    right = []
    for seed in range(FIRST, FIRST + 12):
        still = render_clip(seed, mix=Mix(min_things=1, max_things=1, heldout="any"), frames=1)
        seen, thing = judge.see(Clip(still.frames, 8.0)), still.scene.things[0]
        right += [seen.ground == still.scene.ground, seen.light == still.scene.light]
        right.append(len(seen.things) == 1)
        if seen.things:
            colour = "brown" if thing.kind == "cookie" else thing.colour
            right += [seen.things[0].colour == colour, seen.things[0].kind == thing.kind]
    assert np.mean(right) >= 0.93, right


def test_the_way_of_a_rolling_thing_is_seen(judge: Judge) -> None:
    mix = Mix(min_things=1, max_things=1, happenings=("rolls",), still_camera=1.0, cuts=0.0)
    clip = render_clip(FIRST, mix=mix, frames=17)
    forth = judge.see(Clip(clip.frames, 8.0)).things[0]
    back = judge.see(Clip(clip.frames[::-1].copy(), 8.0)).things[0]
    assert {forth.heading, back.heading} == {"left", "right"}
    assert forth.shift * clip.scene.happenings[0].heading > 0


def test_pictures_of_no_world_show_nothing_that_is_known(judge: Judge) -> None:
    blotches = nothing_known(6, 80, 128, rng=torch.Generator().manual_seed(12345))
    frames = blotches.add(1).mul(127.5).byte().permute(0, 2, 3, 1).contiguous().numpy()
    seen = [judge.see(Clip(frame[None], 8.0)) for frame in frames]
    assert sum(one.things == () for one in seen) >= 5
    assert sum(one.of_frames["ground"].honest == "unknown" for one in seen) >= 4


def test_noise_is_unknown_and_a_render_is_not(judge: Judge) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 80, 128, 3), np.uint8)
    seen = judge.see(Clip(noise, 8.0))
    assert in_words(seen).tags == "unknown"
    assert seen.as_json()["ground"]["answer"] == "unknown"
    still = render_clip(FIRST, frames=1)
    assert judge.see(Clip(still.frames, 8.0)).worldly > 0.9


def test_tuning_changes_no_answer(judge: Judge) -> None:
    clip = Clip(render_clip(FIRST, frames=9).frames, 8.0)
    tuned, plain = judge.see(clip), replace(judge, tuned=Tuned()).see(clip)
    assert [t.spots for t in tuned.things] == [t.spots for t in plain.things]
    for one, other in zip(tuned.things, plain.things, strict=True):
        assert {q: a.word for q, a in one.answers.items()} == {
            q: a.word for q, a in other.answers.items()
        }
    assert (tuned.ground, tuned.light) == (plain.ground, plain.light)
    assert tuned.of_frames != plain.of_frames
