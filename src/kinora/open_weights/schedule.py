"""A published model's own levels. In: its scheduler's config. Out: levels from 1 to 0, as it was tuned.

The library's scheduler object makes the numbers from the folder's own settings; no formula is kept here
that the folder may contradict.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinora.core.errors import UnsupportedError
from kinora.core.shape import LatentShape
from kinora.open_weights.coordinates import level_of

SHIFT_NAMES = ("flow_shift", "shift")


def scheduler(config: Mapping[str, Any]) -> Any:
    """The library's scheduler for this `scheduler_config.json`."""
    import diffusers

    name = str(config.get("_class_name"))
    kind = getattr(diffusers, name, None)
    if not name.endswith("Scheduler") or kind is None:
        raise UnsupportedError(f"the schedule '{name}' is not known")
    return kind.from_config(dict(config))


def shift_of(config: Mapping[str, Any]) -> float | None:
    """The fixed shift of a scheduler's config, None where it follows the size."""
    if config.get("use_dynamic_shifting"):
        return None
    return next((float(config[name]) for name in SHIFT_NAMES if name in config), None)


def shifted(config: Mapping[str, Any], shift: float | None) -> dict[str, Any]:
    """The config with another fixed shift."""
    if shift is None:
        return dict(config)
    return {**config, **{name: shift for name in SHIFT_NAMES if name in config}}


@dataclass(frozen=True)
class Own:
    """The levels the scheduler makes by itself (Wan, SkyReels)."""

    config: Mapping[str, Any]

    def __call__(self, *, steps: int, shape: LatentShape, shift: float | None) -> Tensor:
        """Levels `[steps + 1]`."""
        del shape
        made = scheduler(shifted(self.config, shift))
        made.set_timesteps(steps)
        return _levels(made)


@dataclass(frozen=True)
class Even:
    """Even levels from 1 that the scheduler shifts (HunyuanVideo 1.5, LTX).

    Args:
        config: the scheduler's.
        last: share of a step at which the last level lies before shifting: 1 stops a whole step above 0.
    """

    config: Mapping[str, Any]
    last: bool = True

    def __call__(self, *, steps: int, shape: LatentShape, shift: float | None) -> Tensor:
        """Levels `[steps + 1]`."""
        made = scheduler(shifted(self.config, shift))
        sigmas = np.linspace(1.0, 0.0, steps + 1)[:-1]
        if self.last:
            sigmas = np.linspace(1.0, 1 / steps, steps)
        dynamic = {"mu": self._mu(shape, shift)} if self.config.get("use_dynamic_shifting") else {}
        made.set_timesteps(sigmas=sigmas, **dynamic)
        return _levels(made)

    def _mu(self, shape: LatentShape, shift: float | None) -> float:
        """The logarithm of the shift: linear in the number of positions."""
        if shift is not None:
            return math.log(shift)
        c = self.config
        fewest, most = c.get("base_image_seq_len", 256), c.get("max_image_seq_len", 4096)
        low, high = c.get("base_shift", 0.5), c.get("max_shift", 1.15)
        positions = shape.frames * shape.height * shape.width
        return float(low + (positions - fewest) * (high - low) / (most - fewest))


@dataclass(frozen=True)
class LinearQuadratic:
    """Half the steps linear and tiny, half quadratic (Mochi; see Genmo's technical report).

    Args:
        config: the scheduler's.
        threshold: share of the path that the linear half walks.
    """

    config: Mapping[str, Any]
    threshold: float = 0.025

    def __call__(self, *, steps: int, shape: LatentShape, shift: float | None) -> Tensor:
        """Levels `[steps + 1]`."""
        del shape
        made = scheduler(shifted(self.config, shift))
        made.set_timesteps(sigmas=np.array(self._sigmas(steps)))
        return 1 - made.sigmas if self.config.get("invert_sigmas") else _levels(made)

    def _sigmas(self, steps: int) -> list[float]:
        if steps == 1:
            return [1.0]
        half = steps // 2
        rest = steps - half
        # A parabola that meets the line in value and slope at `half`, and 1 at `steps`.
        slope = self.threshold / half
        bend = (1 - self.threshold - slope * rest) / rest**2
        line = [slope * i for i in range(half)]
        curve = [self.threshold + slope * i + bend * i * i for i in range(rest)]
        return [1 - done for done in (*line, *curve)]


@dataclass(frozen=True)
class Discrete:
    """The times of a variance-preserving scheduler as our levels (CogVideoX)."""

    config: Mapping[str, Any]

    def __call__(self, *, steps: int, shape: LatentShape, shift: float | None) -> Tensor:
        """Levels `[steps + 1]`."""
        del shape
        if shift is not None:
            raise UnsupportedError("this model's schedule is fixed", remedy="Leave the shift away")
        made = scheduler(self.config)
        made.set_timesteps(steps)
        alphas = torch.cat([made.alphas_cumprod[made.timesteps], made.final_alpha_cumprod[None]])
        return level_of(alphas.double()).float()


def _levels(made: Any) -> Tensor:
    sigmas: Tensor = made.sigmas.float().cpu()
    return sigmas
