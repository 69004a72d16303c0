"""Tokens of another size: what was learnt of coarse ones is a beginning for fine ones."""

import torch
from einops import rearrange

from kinora.nn.lowrank import changed, difference
from kinora.transformer.model import Transformer
from kinora.transformer.place import Place
from kinora.transformer.stem import finer
from tiny import tiny_bundle

LAYERS = ("stem.merge.weight", "head.split.weight", "head.split.bias")


def fine_and_coarse() -> tuple[Transformer, Transformer]:
    coarse = tiny_bundle().transformer
    fine = Transformer(coarse.config.model_copy(update={"patch": 1}))
    fine.load_state_dict(finer(coarse.state_dict(), fine.stem))
    return fine, coarse


def test_parts_of_a_token_read_and_say_what_the_whole_does() -> None:
    """Of features that are even over it: one token of two positions a side, and four of one."""
    fine, coarse = fine_and_coarse()
    features = torch.randn(4, coarse.config.stem, 2, 2)
    features = features.repeat_interleave(2, -1).repeat_interleave(2, -2)
    tokens = torch.randn(4, 16, coarse.config.width)
    with torch.inference_mode():
        whole, parts = (
            network.stem.merge(
                rearrange(features, "n s (h p) (w q) -> n (h w) (s p q)", p=side, q=side)
            )
            for network, side in ((coarse, 2), (fine, 1))
        )
        said, told = coarse.head.split(tokens), fine.head.split(tokens)
    parts = rearrange(parts, "n (h p w q) d -> n (h w) (p q) d", h=2, p=2, q=2)
    assert torch.allclose(parts, whole[:, :, None].expand_as(parts), atol=1e-5)
    assert torch.allclose(told, rearrange(said, "n t (s p) -> n t s p", p=4).mean(-1), atol=1e-5)


def test_where_a_token_stands_does_not_depend_on_its_size() -> None:
    """Four tokens stand around the place of the one that they were."""
    fine, coarse = fine_and_coarse()
    with torch.inference_mode():
        words = tiny_bundle().read(["a red ball"]).states
        parts, whole = (
            network.prepare(Place.single(torch.zeros(1)), words, (4, 8)).coordinates
            for network in (fine, coarse)
        )
    parts = rearrange(parts, "b (h p w q) d -> b (h w) (p q) d", h=2, p=2, q=2)
    assert torch.allclose(parts.mean(2), whole)


def test_a_thin_change_becomes_that_of_finer_tokens() -> None:
    fine, coarse = fine_and_coarse()
    old = {name: weight for name, weight in coarse.state_dict().items() if name in LAYERS}
    new = {name: weight + 0.1 * torch.randn_like(weight) for name, weight in old.items()}
    thin = difference(old, new, 4)
    assert "stem.merge.weight.down" in thin
    expected = finer(changed(old, thin), fine.stem)
    made = changed(finer(old, fine.stem), finer(thin, fine.stem))
    assert all(torch.allclose(made[name], expected[name], atol=1e-5) for name in LAYERS)
    again = finer(expected, fine.stem)
    assert all(torch.equal(again[name], expected[name]) for name in LAYERS)
