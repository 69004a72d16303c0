"""A wish of every kind, and the reel that a worker makes of it. In: a model, a folder. Out: the reel."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinora.core.progress import Progress, silent
from kinora.models.bundle import Bundle
from kinora.serve.jobs.artefacts import Artefacts, picture, source
from kinora.serve.jobs.dreaming import Dreaming
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.wish import Card, Picture, Source, Wish
from kinora.serve.reel import Reel
from kinora.serve.store import LocalStore
from tiny import HEIGHT, WIDTH

FPS = 8.0
STEPS = 3
SIZE: dict[str, Any] = {
    "height": HEIGHT, "width": WIDTH, "made_height": HEIGHT, "made_width": WIDTH,
}  # fmt: skip
COMMON: dict[str, Any] = {"seed": 5, "steps": STEPS, **SIZE}
RED = (Card(prompt="a red ball rolls"),)
BLUE: dict[str, Any] = {"prompt": "a blue cube falls"}
FILM = Source(key="videos/job/source-0.safetensors", kind="latents", seconds=2.0)
SECOND = Source(key="videos/job/source-1.safetensors", kind="latents", seconds=2.0)
FILE = Source(key="videos/job/source-0.npy", kind="pixels", seconds=2.0)
FIRST, LAST = Picture(key="videos/job/picture-0.npy"), Picture(key="x", seconds=-1.0)

WISHES = {
    "create": Wish(cards=RED, seconds=2, **COMMON),
    "animate": Wish(
        kind="animate", cards=RED, seconds=2, pictures=(FIRST, LAST), options=BLUE, **COMMON
    ),
    "remix": Wish(
        kind="remix", cards=RED, seconds=2, sources=(FILM,), options={**BLUE, "strength": 0.5}, **COMMON
    ),
    "edit": Wish(kind="edit", cards=RED, seconds=2, sources=(FILE,), options=BLUE, **COMMON),
    "extension": Wish(
        kind="extension", cards=RED, seconds=3, sources=(FILM,), options={"seconds": 1.0}, **COMMON
    ),
    "backward": Wish(
        kind="extension", cards=RED, seconds=3, sources=(FILM,),
        options={"seconds": 1.0, "backward": True}, **COMMON,
    ),
    "loop": Wish(
        kind="loop", cards=RED, seconds=3, sources=(FILM,), options={"bridge": "short"}, **COMMON
    ),
    "blend": Wish(
        kind="blend", cards=RED, seconds=5, sources=(FILM, SECOND), options={"seconds": 1.0}, **COMMON
    ),
    "retake": Wish(
        kind="retake", cards=RED, seconds=2, sources=(FILM,), options={"start": 1.0, **BLUE}, **COMMON
    ),
    "change": Wish(
        kind="change", cards=RED, seconds=2, sources=(FILM,),
        options={"box": [32, 16, 32, 32], **BLUE}, **COMMON,
    ),
    "outpaint": Wish(
        kind="outpaint", cards=RED, seconds=2, sources=(FILM,),
        options={"height": 64, "width": 128}, **{**COMMON, "width": 128},
    ),
    "recut": Wish(
        kind="recut", cards=RED, seconds=2, sources=(FILM,), options={"start": 1.0, "seconds": 2.0},
        **COMMON,
    ),
    "angles": Wish(
        kind="angles", cards=RED, seconds=2, sources=(FILM,), options={"views": [1]}, **COMMON
    ),
    "storyboard": Wish(
        kind="storyboard", cards=RED, seconds=3, sources=(FILM,), pictures=(FIRST,),
        options={
            "seconds": 3.0,
            "card": [
                {"at": 0.0, "prompt": "a red ball rolls", "image": picture(0)},
                {"at": 1.0, "prompt": "a blue cube falls", "enter": "flow"},
                {"at": 2.0, "clip": source(0, "latents"), "prompt": "a red ball"},
            ],
        },
        **COMMON,
    ),
}  # fmt: skip
FRAMES = {
    "extension": 25, "backward": 25, "loop": 17 + 7, "blend": 17 + 8 + 16, "storyboard": 9 + 7 + 9,
}  # fmt: skip


class BrokenError(Exception):
    """The process is gone."""


def dreamt(
    model: Bundle, wish: Wish, folder: Path, *, film: Reel | None = None, stop_after: int = 0
) -> Reel:
    """The reel of a wish; with `stop_after`, of an attempt that breaks off, and a second one."""
    files = Artefacts(LocalStore(folder / "store"), "job", scratch=folder / "scratch")
    if film is not None:
        provide(files, film)
    kept: list[str] = []
    steps = 0

    def tell(progress: Progress) -> None:
        nonlocal steps
        steps += progress.stage == "denoise"
        if steps == stop_after:
            raise BrokenError

    if stop_after:
        with pytest.raises(BrokenError):
            attempt(model, files, kept, tell).reel(wish, seconds=0.0)
        assert kept, "an attempt that broke off left nothing"
    return attempt(model, files, kept, silent).reel(wish, seconds=0.0)


def attempt(model: Bundle, files: Artefacts, kept: list[str], tell: Any) -> Dreaming:
    shelf = Kept(files, lambda: kept.append("x"))
    return Dreaming(model, files, kept=shelf, tell=tell, note=lambda _: None)


def provide(files: Artefacts, film: Reel) -> None:
    """Everything that any of the wishes names."""
    frames = np.concatenate(
        [np.zeros((15, 64, 96, 3), np.uint8), np.full((1, 64, 96, 3), 255, np.uint8)]
    )
    for index in range(2):
        with files.making(source(index, "latents")) as target:
            film.write(target)
        with files.making(picture(index)) as target, target.open("wb") as stream:
            np.save(stream, np.full((1, 80, 80, 3), 50 + 100 * index, np.uint8))
    with files.making(source(0, "pixels")) as target, target.open("wb") as stream:
        np.save(stream, frames)
