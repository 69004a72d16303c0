"""A wish that is watched while it is dreamt. In: a wish, its canvas. Out: a reel, and a ledger beside it.

Every finished window is kept, so that a killed worker goes on with the next one to the very same film.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from kinora.caption.judge import load_judge
from kinora.core.progress import OnProgress
from kinora.denoise.model import FilmModel
from kinora.evaluate.ledger import Told
from kinora.evaluate.verify import Ledger, Watched, Window, watched
from kinora.serve.creation import Plan, heard
from kinora.serve.jobs.artefacts import LEDGER, Artefacts
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.wish import Wish
from kinora.serve.reel import Reel

WINDOW = "window"


def watched_reel(
    model: FilmModel,
    wish: Wish,
    laid: Plan,
    files: Artefacts,
    *,
    kept: Kept,
    on_progress: OnProgress,
) -> tuple[Reel, list[str]]:
    """Dream the wish, look at every window, and store the ledger.

    Args:
        model: any film model.
        wish: of kind "create", with `tries`.
        laid: its request and canvas.
        files: where the ledger goes.
        kept: where finished windows are kept.
        on_progress: told after every step; may raise to stop.

    Returns:
        The reel, and a sentence for every promise that it breaks.
    """
    latents, ledger = watched(
        model, laid.request,
        judge=load_judge(), tries=wish.tries, told=told(wish),
        remember=_remembering(kept), on_progress=on_progress,
    )  # fmt: skip
    keep_ledger(files, ledger)
    film = laid.canvas.inside()
    reel = Reel(
        prompts=laid.request.prompts,
        latents=latents.cpu(),
        text=film.text,
        view=film.view,
        references=laid.canvas.outside().latents,
    )
    return reel, list(ledger.lines())


def keep_ledger(files: Artefacts, ledger: Ledger) -> None:
    """Store what the film keeps of its words."""
    with files.making(LEDGER) as target:
        target.write_text(ledger.model_dump_json(), encoding="utf-8")


def told(wish: Wish) -> tuple[Told, ...]:
    """Which prompt is heard when."""
    ends = [card.start for card in wish.cards[1:]] + [wish.seconds]
    return tuple(
        Told(words, card.start, end)
        for words, card, end in zip(heard(wish), wish.cards, ends, strict=True)
    )


def _remembering(kept: Kept) -> Callable[[int, Callable[[], Watched]], Watched]:
    def remember(number: int, make: Callable[[], Watched]) -> Watched:
        name = f"window-{number}.safetensors"
        if kept.has(name):
            return read_window(kept.local(name))
        made = make()
        with kept.making(name) as target:
            write_window(made, target)
        return made

    return remember


def write_window(made: Watched, file: Path) -> None:
    """Keep a finished window in `file`."""
    told = {WINDOW: made.window.model_dump_json()}
    save_file({"latents": made.latents.contiguous().cpu()}, file, metadata=told)


def read_window(file: Path) -> Watched:
    """The window that `write_window` wrote, to the last bit."""
    with safe_open(file, framework="pt") as kept:
        latents: torch.Tensor = kept.get_tensor("latents").clone()
        return Watched(latents, Window.model_validate_json(kept.metadata()[WINDOW]))
