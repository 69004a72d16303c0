"""Predict the clean data, then noise it anew. One evaluation a step, fresh noise at each.

The sampler of few-step generators: multistep consistency sampling (Song et al. 2023, arXiv:2303.01469,
algorithm 1) on the straight path, as CausVid (arXiv:2412.07772) and Self-Forcing (arXiv:2506.08009) have it.
Where the field points at data of the right distribution from every level, so does the result after any number
of steps. A field that was not distilled points at a mean, and the result is too smooth.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kinora.core.seed import torch_generator
from kinora.flow.path import point, to_data
from kinora.flow.solver import Field

FINE = 2**20
"""Levels closer than one part in this many share their noise."""


@dataclass(frozen=True)
class Anew:
    """The solver, with a stream of noise of its own for every frame and level.

    Args:
        seed: of the film.
        start: the number in the film of the first frame.
    """

    seed: int = 0
    start: int = 0

    __name__ = "anew"

    def placed(self, *, seed: int, start: int) -> "Anew":
        """The same for this film, from this frame on."""
        return replace(self, seed=seed, start=start)

    def __call__(self, field: Field, x: Tensor, level: Tensor, next_level: Tensor) -> Tensor:
        """(1 - s') (x + s v(x, s)) + s' noise."""
        data = to_data(x, field(x, level), level)
        return point(data, self._noise(x, next_level), next_level)

    def _noise(self, x: Tensor, level: Tensor) -> Tensor:
        """`[f c h w]`: a frame gets the same noise whether the film is made at once or in chunks."""
        highest = level if level.ndim == 1 else level.amax((-2, -1))
        names = [round(FINE * each) for each in highest.tolist()]
        drawn = [
            torch.randn(
                x.shape[1:], generator=torch_generator(self.seed, "anew", self.start + i, name)
            )
            for i, name in enumerate(names)
        ]
        return torch.stack(drawn).to(x)
