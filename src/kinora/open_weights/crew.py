"""The orders that the first of several processes gives. In: a call of a network. Out: the others make it too.

It makes the film as if it were alone; the others know nothing but the transformers, and follow.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import torch
from torch.utils._pytree import tree_map_only

from kinora.core.shape import LatentShape
from kinora.core.team import Team, team
from kinora.open_weights.remember import Memory
from kinora.open_weights.share import check_even
from kinora.open_weights.shelf import Plan

if TYPE_CHECKING:
    from kinora.open_weights.model import OpenModel


@dataclass(frozen=True)
class Cast:
    """What is to be loaded: a folder by name and path, where and how it computes, what is done to it."""

    name: str
    path: Path
    device: str
    dtype: torch.dtype
    plan: Plan
    outside: Mapping[str, Any]


@dataclass(frozen=True)
class Enter:
    """The order to load a transformer."""

    cast: Cast
    component: str


@dataclass(frozen=True)
class Act:
    """The order to call a transformer that has entered.

    Args:
        component: which.
        given: its arguments, all of the words among them.
        memory: the number of what is known of these words.
        alive: all numbers that may be named again.
    """

    component: str
    given: Mapping[str, Any]
    memory: int
    alive: frozenset[int]


class Crew:
    """Who calls a model's networks: this process, and in a team all others beside it.

    Args:
        model: whose networks they are.
    """

    def __init__(self, model: "OpenModel") -> None:
        shelf = model.shelf
        place = shelf.placement
        self._shelf, self._stride, self._memories = shelf, model.stride, WeakSet[Memory]()
        self._cast = Cast(
            model.name, shelf.folder.path, place.device.type, place.dtype, place.plan, model.told
        )

    def check(self, shape: LatentShape) -> None:
        """Raise `UsageError` for a canvas of which not all can have the same share."""
        if (mine := self._team()) is not None:
            check_even(shape, self._stride, size=mine.size)

    def network(self, component: str) -> Any:
        """A transformer, loaded now if it is not yet, by all at once."""
        mine = self._team()
        there = component in self._shelf.loaded()
        if mine is None or (there and mine.stage == self._cast):
            return self._shelf.get(component)
        mine.say(Enter(self._cast, component))
        with mine.at_work():
            network = self._shelf.get(component)
        mine.stage = self._cast
        return network

    @contextmanager
    def calling(self, component: str, given: Mapping[str, Any], memory: Memory) -> Iterator[None]:
        """A block that calls the transformer with these arguments once."""
        mine = self._team()
        if mine is None:
            yield
            return
        self._memories.add(memory)
        alive = frozenset(each.number for each in self._memories)
        told = tree_map_only(torch.Tensor, torch.Tensor.cpu, dict(given))
        mine.say(Act(component, told, memory.number, alive))
        with mine.at_work():
            yield

    def _team(self) -> Team | None:
        # What is only counted calls nobody.
        return None if self._shelf.placement.device.type == "meta" else team()
