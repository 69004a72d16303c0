"""What was read of some prompts, for whoever attends to it: states `[b l c]` and a mask `[b l]`."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class TextStates:
    """States `[b l c]` and `mask` `[b l]`, True where a word stands."""

    states: Tensor
    mask: Tensor

    def pooled(self) -> Tensor:
        """`[b c]`: the mean state of each prompt."""
        weight = self.mask.to(self.states)[..., None]
        return (self.states * weight).sum(1) / weight.sum(1).clamp_min(1)

    def __len__(self) -> int:
        return int(self.states.shape[0])
