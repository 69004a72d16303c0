"""Variations: each is the film its seed makes alone."""

import torch

from kinora.generate import Request, generate
from kinora.models.bundle import Bundle
from kinora.timeline.variations import stills, variations


def test_seeds_in_a_row(model: Bundle) -> None:
    wish = Request(("a red ball",), seconds=0.5, height=64, width=64, seed=7)
    one, two = variations(model, wish, count=2)
    assert torch.equal(one.latents, generate(model, wish).latents)
    assert two.request.seed == 8
    assert not torch.equal(one.latents, two.latents)


def test_a_still_is_one_frame(model: Bundle) -> None:
    made = list(stills(model, Request(("a red ball",), height=64, width=64), count=2))
    assert [len(film.clip) for film in made] == [1, 1]
