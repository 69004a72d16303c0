"""The video transformer: sizes, words, levels, and its two ways to look."""

import pytest
import torch

from kinora.models.bundle import Bundle
from kinora.transformer.model import Words
from kinora.transformer.place import Place
from tiny import tiny_bundle

FRAMES = 4


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return tiny_bundle()


@pytest.fixture(scope="module")
def words(bundle: Bundle) -> Words:
    states: Words = bundle.read(["a red ball", "the blue cube rolls past"]).states
    return states


def latents(*, height: int = 4, width: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, FRAMES, 48, height, width, generator=torch.Generator().manual_seed(seed))


def place(text: list[int], *, chunk: list[int] | None = None) -> Place:
    return Place(
        time=0.5 * torch.arange(FRAMES)[None],
        view=torch.zeros(1, FRAMES, dtype=torch.long),
        text=torch.tensor([text]),
        chunk=None if chunk is None else torch.tensor([chunk]),
    )


def run(
    bundle: Bundle, words: Words, x: torch.Tensor, where: Place, **given: torch.Tensor
) -> torch.Tensor:
    level = given.get("level", torch.full((1, FRAMES), 0.7))
    with torch.inference_mode():
        velocity: torch.Tensor = bundle.transformer(x, level, where, words)
    return velocity


@pytest.mark.parametrize(("height", "width"), [(4, 6), (6, 4), (2, 10)])
def test_any_even_size_is_native(bundle: Bundle, words: Words, height: int, width: int) -> None:
    x = latents(height=height, width=width)
    assert run(bundle, words, x, place([0] * FRAMES)).shape == x.shape


def test_words_and_levels_change_what_is_dreamt(bundle: Bundle, words: Words) -> None:
    x = latents()
    one = run(bundle, words, x, place([0] * FRAMES))
    assert not torch.allclose(one, run(bundle, words, x, place([1] * FRAMES)), atol=1e-4)
    lower = torch.full((1, FRAMES), 0.2)
    assert not torch.allclose(
        one, run(bundle, words, x, place([0] * FRAMES), level=lower), atol=1e-4
    )


def test_a_frame_hears_its_own_shot_only(bundle: Bundle, words: Words) -> None:
    """Chunk by chunk, so that frames cannot tell each other what they heard."""
    x, alone = latents(), [0, 1, 2, 3]
    first = run(bundle, words, x, place([0, 0, 0, 0], chunk=alone))
    mixed = run(bundle, words, x, place([0, 0, 1, 1], chunk=alone))
    assert torch.allclose(first[:, :2], mixed[:, :2], atol=1e-5)
    assert not torch.allclose(first[:, 2:], mixed[:, 2:], atol=1e-4)


def test_a_level_by_region_that_is_even_equals_one_by_frame(bundle: Bundle, words: Words) -> None:
    x, where = latents(), place([0] * FRAMES)
    level = torch.rand(1, FRAMES)
    by_region = level[..., None, None].expand(1, FRAMES, 4, 6)
    both = [run(bundle, words, x, where, level=each) for each in (level, by_region)]
    assert torch.allclose(*both, atol=1e-5)


def test_in_causal_mode_the_future_cannot_be_seen(bundle: Bundle, words: Words) -> None:
    where = place([0] * FRAMES, chunk=[0, 0, 1, 1])
    x = latents()
    changed = torch.cat([x[:, :2], latents(seed=1)[:, 2:]], dim=1)
    one, two = run(bundle, words, x, where), run(bundle, words, changed, where)
    assert torch.allclose(one[:, :2], two[:, :2], atol=1e-5)
    assert not torch.allclose(one[:, 2:], two[:, 2:], atol=1e-4)


def test_full_attention_sees_the_future(bundle: Bundle, words: Words) -> None:
    x = latents()
    changed = torch.cat([x[:, :3], latents(seed=1)[:, 3:]], dim=1)
    where = place([0] * FRAMES)
    one, two = run(bundle, words, x, where), run(bundle, words, changed, where)
    assert not torch.allclose(one[:, 0], two[:, 0], atol=1e-4)


def test_a_remembered_past_equals_a_present_one(bundle: Bundle, words: Words) -> None:
    x, level = latents(), torch.full((1, FRAMES), 0.7)
    where = place([0] * FRAMES, chunk=[0, 0, 1, 1])
    whole = run(bundle, words, x, where)

    def part(index: slice) -> Place:
        return Place(where.time[:, index], where.view[:, index], where.text[:, index])

    first, last = slice(0, 2), slice(2, 4)
    with torch.inference_mode():
        network, size = bundle.transformer, x.shape[-2:]
        before = network.prepare(part(first), words, size)
        _, past = network.run(x[:, first], level[:, first], before)
        setting = network.prepare(part(last), words, size, past)
        now, _ = network.run(x[:, last], level[:, last], setting)
        again, _ = network.run(x[:, last], level[:, last], setting)
    assert torch.allclose(whole[:, last], now, atol=1e-5)
    assert torch.equal(now, again), "a setting serves every step"
