"""Small changes of large matrices: learnt, told, made again."""

import copy

import pytest
import torch
from torch import nn

from kinora.nn.lowrank import adapt, begin_with, changed, difference, merged


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(24, 40), nn.LayerNorm(40), nn.Linear(40, 3), nn.Conv1d(3, 3, 1))


def taught(rank: int) -> tuple[nn.Module, nn.Module]:
    """A network, and what some steps of learning made of its copy."""
    old = network()
    new = adapt(copy.deepcopy(old), rank)
    optimizer = torch.optim.SGD([p for p in new.parameters() if p.requires_grad], lr=0.3)
    x, y = torch.randn(16, 24), torch.randn(16, 3)
    for _ in range(20):
        optimizer.zero_grad()
        (new[:3](x) - y).square().mean().backward()  # type: ignore[index]  # a Sequential
        optimizer.step()
    return old, new


def test_nothing_changes_before_it_has_learnt() -> None:
    old, x = network(), torch.randn(2, 24)
    assert torch.equal(adapt(copy.deepcopy(old), 2)[:3](x), old[:3](x))  # type: ignore[index]  # a Sequential


def test_only_thin_matrices_gains_and_biases_learn() -> None:
    old, new = taught(2)
    before, after = old.state_dict(), merged(new)
    assert before.keys() == after.keys()
    differs = {name for name in before if not torch.equal(before[name], after[name])}
    # The last matrix is too small to be told in two thin ones, a convolution is none.
    assert differs == {"0.weight", "0.bias", "1.weight", "1.bias", "2.bias"}
    assert int(torch.linalg.matrix_rank(after["0.weight"] - before["0.weight"], rtol=1e-3)) == 2


def test_a_difference_makes_the_new_network_of_the_old() -> None:
    old, new = taught(2)
    after = merged(new)
    told = difference(old.state_dict(), after, 2)
    assert told["0.weight.up"].shape == (40, 2)
    assert sum(part.numel() for part in told.values()) < 0.3 * sum(
        p.numel() for p in after.values()
    )
    again = changed(old.state_dict(), told)
    for name, weight in after.items():
        torch.testing.assert_close(again[name], weight, atol=1e-5, rtol=0)


def test_an_adapted_network_begins_with_a_difference_and_goes_on_from_it() -> None:
    old, new = taught(2)
    told = difference(old.state_dict(), merged(new), 2)
    again = begin_with(adapt(copy.deepcopy(old), 2), told)
    for name, weight in merged(new).items():
        torch.testing.assert_close(merged(again)[name], weight, atol=1e-5, rtol=0)
    again[:3](torch.randn(2, 24)).sum().backward()  # type: ignore[index]  # a Sequential
    assert all(p.grad is not None for n, p in again.named_parameters() if n.endswith("0.up"))
    with pytest.raises(RuntimeError):
        begin_with(adapt(copy.deepcopy(old), 3), told)


def test_a_difference_of_another_network_is_refused() -> None:
    with pytest.raises(KeyError):
        changed(network().state_dict(), {"blocks.weight": torch.zeros(1)})
