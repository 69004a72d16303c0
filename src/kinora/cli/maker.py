"""Who made a film. In: what its sidecar tells of the model. Out: that model, or what to type instead."""

from pathlib import Path
from typing import TYPE_CHECKING

from kinora.core.errors import NotFoundError

if TYPE_CHECKING:
    from kinora.denoise.model import FilmModel
    from kinora.media.sidecar import Model


def maker(film: Path, told: "Model") -> "FilmModel":
    """The model that made the film; raises `NotFoundError` where it is not on this machine."""
    from kinora.generate import load
    from kinora.models.store import DEFAULT

    try:
        return load(told.id)
    except NotFoundError as error:
        raise NotFoundError(
            f"{film} was made by {told.id}, which is not here",
            why=error.what,
            remedy=f"Name a model: --model {DEFAULT}, or the folder where {told.id} is now",
        ) from error
