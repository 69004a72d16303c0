"""Tokens that skip the middle: fewer pass, all come back, and nothing is left of it afterwards."""

import copy

import pytest
import torch
from torch import Tensor, nn

from kinora.nn.states import TextStates
from kinora.train.route import Route
from kinora.transformer.model import Transformer, TransformerConfig, Words
from kinora.transformer.place import Place

CLIPS, FRAMES, ROWS, COLUMNS = 2, 3, 4, 6
TOKENS = ROWS * COLUMNS // 4
CONFIG = TransformerConfig(width=64, depth=4, stem=16, context=64)


@pytest.fixture
def network() -> Transformer:
    torch.manual_seed(0)
    network = Transformer(CONFIG)
    for parameter in network.parameters():
        if not parameter.abs().sum():
            nn.init.normal_(parameter, std=0.1)
    return network


def asked(network: Transformer, *, chunk: int | None = None) -> tuple[Tensor, Tensor, Place, Words]:
    g = torch.Generator().manual_seed(1)
    x = torch.randn(CLIPS, FRAMES, CONFIG.channels, ROWS, COLUMNS, generator=g)
    states = TextStates(torch.randn(CLIPS, 5, 64, generator=g), torch.ones(CLIPS, 5).bool())
    number = torch.arange(FRAMES)
    place = Place.single(0.5 * number, batch=CLIPS)
    if chunk:
        place = Place(place.time, place.view, place.text, (number // chunk).expand(CLIPS, -1))
    return x, torch.full((CLIPS, FRAMES), 0.5), place, network.read(states)


def widths(network: Transformer) -> list[int]:
    """How many tokens each block is given from now on, filled in by forward passes."""
    seen: list[int] = []
    for block in network.blocks:
        block.attention.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[1]))
    return seen


def test_only_a_part_of_the_tokens_passes_the_middle_blocks(network: Transformer) -> None:
    route, seen = Route(network, share=0.5), widths(network)
    given = asked(network)
    every, part = FRAMES * TOKENS, FRAMES * TOKENS // 2
    g = torch.Generator().manual_seed(2)
    with route.skipping(CLIPS, FRAMES, TOKENS, generator=g, device=torch.device("cpu")):
        routed = network(*given)
    assert seen == [every, part, part, every]
    whole = network(*given)
    assert seen[4:] == [every] * 4
    assert routed.shape == whole.shape
    assert not torch.allclose(routed, whole)


def test_a_token_that_skips_comes_back_as_it_was(network: Transformer) -> None:
    route, before, after = Route(network, share=0.5), [], []
    network.blocks[0].register_forward_hook(lambda _, __, out: before.append(out[0]))
    network.blocks[-1].register_forward_pre_hook(lambda _, given: after.append(given[0]))
    g = torch.Generator().manual_seed(2)
    with route.skipping(CLIPS, FRAMES, TOKENS, generator=g, device=torch.device("cpu")):
        kept = route.way.kept
        network(*asked(network))
    same = (before[0] == after[0]).all(-1)
    assert not same.gather(1, kept).any()
    assert int(same.sum()) == CLIPS * FRAMES * TOKENS - kept.numel()


def test_what_passes_is_what_a_shorter_sequence_would_give(network: Transformer) -> None:
    """With nearly every token kept and none hidden, masks and rotations stay with their tokens."""
    route = Route(network, share=0.01)
    given = asked(network, chunk=1)
    g = torch.Generator().manual_seed(2)
    with route.skipping(CLIPS, FRAMES, TOKENS, generator=g, device=torch.device("cpu")):
        assert route.way.kept.shape[1] == FRAMES * TOKENS
        routed = network(*given)
    torch.testing.assert_close(routed, network(*given))


def test_later_frames_stay_hidden_from_earlier_ones(network: Transformer) -> None:
    route = Route(network, share=0.5)
    x, *rest = asked(network, chunk=1)
    other = x.clone()
    other[:, -1] += 1.0

    def run(x: Tensor) -> Tensor:
        g = torch.Generator().manual_seed(2)
        with route.skipping(CLIPS, FRAMES, TOKENS, generator=g, device=torch.device("cpu")):
            return network(x, *rest)

    one, two = run(x), run(other)
    torch.testing.assert_close(one[:, :-1], two[:, :-1])
    assert not torch.allclose(one[:, -1], two[:, -1])


def test_a_copy_is_not_routed_along(network: Transformer) -> None:
    route = Route(network, share=0.5)
    twin = copy.deepcopy(network)
    given = asked(network)
    g = torch.Generator().manual_seed(2)
    with route.skipping(CLIPS, FRAMES, TOKENS, generator=g, device=torch.device("cpu")):
        torch.testing.assert_close(twin(*given), twin(*given))
        inside = twin(*given)
    torch.testing.assert_close(inside, network(*given))
