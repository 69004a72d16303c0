"""A job hears what its pictures and uploads show and nobody said."""

from pathlib import Path

import numpy as np
import pytest

from dreams import COMMON, FILE, FIRST, RED, attempt
from kinora.core.clip import Frames
from kinora.core.progress import silent
from kinora.models.bundle import Bundle
from kinora.serve.jobs.artefacts import Artefacts, picture, source
from kinora.serve.jobs.wish import Card, Wish
from kinora.serve.store import LocalStore
from kinora.world import Mix, render_clip
from tiny import tiny_bundle

PLACE = ". all this is on snow at noon."


@pytest.fixture(scope="module")
def model() -> Bundle:
    return tiny_bundle()


@pytest.fixture(scope="module")
def snow() -> Frames:
    mix = Mix(
        max_things=1, kinds=("ball",), colours=("red",), grounds=("snow",), lights=("noon",),
        heldout="any",
    )  # fmt: skip
    return render_clip(41_000_000, mix=mix, frames=1).frames


@pytest.mark.parametrize(
    ("wish", "heard"),
    [
        (Wish(cards=RED, seconds=1, pictures=(FIRST,), **COMMON), [RED[0].prompt + PLACE]),
        (
            Wish(kind="animate", cards=RED, seconds=1, pictures=(FIRST,), **COMMON),
            [RED[0].prompt + PLACE],
        ),
        (
            Wish(
                kind="extension", cards=(Card(prompt="an uploaded film"),), seconds=3,
                sources=(FILE,), options={"seconds": 1.0}, **COMMON,
            ),
            ["a red ball on snow at noon"],
        ),
        (
            Wish(
                kind="remix", cards=RED, seconds=2, sources=(FILE,),
                options={"prompt": RED[0].prompt}, **COMMON,
            ),
            [RED[0].prompt + PLACE],
        ),
        (
            Wish(
                kind="storyboard", cards=RED, seconds=2, pictures=(FIRST,), **COMMON,
                options={
                    "seconds": 2.0,
                    "card": [{"at": 0.0, "prompt": RED[0].prompt, "image": picture(0)}],
                },
            ),
            [RED[0].prompt + PLACE],
        ),
        (Wish(cards=RED, seconds=1, **COMMON), [RED[0].prompt]),
    ],
    ids=["create", "animate", "extension", "remix", "storyboard", "no picture"],
)  # fmt: skip
def test_words_are_completed_where_nobody_said_them(
    wish: Wish, heard: list[str], model: Bundle, snow: Frames, tmp_path: Path
) -> None:
    files = Artefacts(LocalStore(tmp_path / "store"), "job", scratch=tmp_path / "scratch")
    for name, pixels in ((picture(0), snow), (source(0, "pixels"), np.repeat(snow, 16, axis=0))):
        with files.making(name) as target, target.open("wb") as stream:
            np.save(stream, pixels)
    reel = attempt(model, files, [], silent).reel(wish, seconds=60.0)
    assert list(reel.prompts) == heard
