"""`--lora`, `--step-cache`, `--compile`, `--attention`, `--quantise`. In: what was typed. Out: the model with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinora.core.errors import UsageError

if TYPE_CHECKING:
    from kinora.cli.options import Quantise
    from kinora.denoise.model import FilmModel


@dataclass(frozen=True)
class From:
    """The five options as typed."""

    loras: Sequence[str] | None = None
    step_cache: float = 0.0
    compiled: bool = False
    attention: str | None = None
    quantise: "Quantise | None" = None

    def put_on(self, model: "FilmModel") -> "FilmModel":
        """The model with them; raises `UnsupportedError` for our own, which takes none."""
        if self == From():
            return model
        from kinora.open_weights.outside import Outside, dressed, stacked

        files = [weighed(each) for each in self.loras or ()]
        outside = Outside(
            stacked(files), self.step_cache, self.compiled, attention=self.attention or "",
            weights=self.quantise.value if self.quantise else "whole",
        )  # fmt: skip
        return dressed(model, outside)


def weighed(typed: str) -> tuple[Path, float]:
    """`style.safetensors:0.6` -> the file and 0.6; 1 where no weight is typed."""
    file, colon, weight = typed.rpartition(":")
    if not colon or Path(typed).exists():
        return Path(typed), 1.0
    try:
        return Path(file), float(weight)
    except ValueError:
        raise UsageError(f"'{weight}' is not a weight", remedy=f"Try --lora {file}:0.6") from None
