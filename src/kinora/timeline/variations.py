"""Several of one wish. In: a request, a count. Out: films or stills with seeds in a row, as they are made."""

from collections.abc import Iterator
from dataclasses import replace

from kinora.core.progress import OnProgress, silent
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, generate


def variations(
    model: FilmModel, request: Request, *, count: int, on_progress: OnProgress = silent
) -> Iterator[Film]:
    """`count` films of seeds `request.seed` and on; each is the one that its seed makes alone."""
    for number in range(count):
        wish = replace(request, seed=request.seed + number)
        yield generate(model, wish, on_progress=on_progress)


def stills(
    model: FilmModel, request: Request, *, count: int = 1, on_progress: OnProgress = silent
) -> Iterator[Film]:
    """`count` single pictures: one latent frame each."""
    return variations(model, replace(request, seconds=0), count=count, on_progress=on_progress)
