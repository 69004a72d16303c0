"""A witness that counts pixels knows the world's own renders, and does not say yes to everything."""

from dataclasses import replace

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.evaluate.promise import Promise, promises, real
from kinora.evaluate.witness import Witness, borne_out, learn_witness


@pytest.fixture(scope="module")
def witness() -> Witness:
    return learn_witness()


@pytest.fixture(scope="module")
def way() -> tuple[Promise, Clip]:
    promise = next(p for p in promises() if p.direction and p.things[0].colour)
    return promise, real(promise, width=128, height=80)


def test_a_real_render_is_borne_out(witness: Witness, way: tuple[Promise, Clip]) -> None:
    promise, clip = way
    facts = borne_out(witness, promise, clip)
    assert {fact.name for fact in facts} == {"colour", "ground", "light", "direction"}
    assert all(fact.right for fact in facts), facts


def test_a_film_that_runs_backwards_goes_the_other_way(
    witness: Witness, way: tuple[Promise, Clip]
) -> None:
    promise, clip = way
    back = replace(clip, frames=np.ascontiguousarray(clip.frames[::-1]))
    wrong = [fact for fact in borne_out(witness, promise, back) if not fact.right]
    assert [fact.name for fact in wrong] == ["direction"]


def test_other_colours_are_missed(witness: Witness, way: tuple[Promise, Clip]) -> None:
    promise, clip = way
    blue = Clip(np.ascontiguousarray(clip.frames[..., ::-1]), clip.fps)
    assert not all(fact.right for fact in borne_out(witness, promise, blue))
