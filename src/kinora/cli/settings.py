"""A verb's settings from all places. In: what was typed. Out: the verb's settings model."""

from collections.abc import Iterable
from typing import Any, TypeVar

from kinora.core.config import Config, gather

C = TypeVar("C", bound=Config)


def settings(
    model: type[C], *, verb: str, assignments: Iterable[str] | None = None, **flags: Any
) -> C:
    """Flag, environment, project file, user file, default, in this order.

    Args:
        model: what the settings must fit; its fields bear the names of the flags.
        verb: the table of `kinora.toml` that is read.
        assignments: the words of `--set`.
        flags: what was typed; `None` where nothing was.

    Raises:
        UsageError: an unknown setting, or a value that does not fit.
    """
    return gather(model, section=verb, flags=flags, assignments=assignments or ())
