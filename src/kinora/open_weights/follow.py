"""What all processes of a team but the first do. In: its orders. Out: their share of every call."""

import torch
from torch.utils._pytree import tree_map_only

from kinora.core.team import Team
from kinora.open_weights.crew import Act, Cast, Enter
from kinora.open_weights.load import load_open
from kinora.open_weights.model import OpenModel
from kinora.open_weights.outside import dressed, outside_of
from kinora.open_weights.remember import Memory, heard_again, recalling
from kinora.open_weights.shelf import Placement, Shelf


def follow(mine: Team) -> None:
    """Obey until there is nothing more to do.

    Raises:
        KinoraError: the model cannot be loaded here.
    """
    follower = Follower()
    while (order := mine.hear()) is not None:
        if isinstance(order, Enter):
            follower.enter(order)
        else:
            follower.act(order)


class Follower:
    """The transformers of one cast, and what they made of each prompt."""

    def __init__(self) -> None:
        self._cast: Cast | None = None
        self._shelf: Shelf | None = None
        self._memories: dict[int, Memory] = {}

    def enter(self, order: Enter) -> None:
        """Load a network; those of another cast make room first."""
        if order.cast != self._cast:
            self._shelf, self._memories = None, {}
            self._cast, self._shelf = order.cast, _shelf(order.cast)
        assert self._shelf is not None
        self._shelf.get(order.component)

    @torch.inference_mode()
    def act(self, order: Act) -> None:
        """Call a network; what comes of it is the first process's to use."""
        assert self._shelf is not None, "the network has entered"
        network, device = self._shelf.get(order.component), self._shelf.placement.device
        known = {number: self._memories[number] for number in self._memories.keys() & order.alive}
        self._memories = known
        memory = known.setdefault(order.memory, Memory())
        given = heard_again(order.given, memory)
        here = tree_map_only(torch.Tensor, lambda each: each.to(device), dict(given))
        with recalling(network, memory):
            network(**here, return_dict=False)


def _shelf(cast: Cast) -> Shelf:
    place = Placement(torch.device(cast.device), cast.dtype, cast.plan)
    plain = load_open(cast.path, name=cast.name, placement=place)
    model = dressed(plain, outside_of(cast.outside))
    assert isinstance(model, OpenModel), "dressing makes no other kind"
    return model.shelf
