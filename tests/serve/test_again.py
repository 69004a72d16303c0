"""Edits that are watched: what is new is looked at, and dreamt again where it breaks its words."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from dreams import FPS, SIZE, STEPS, WISHES, dreamt
from kinora.core.clip import Clip
from kinora.core.progress import silent
from kinora.evaluate.promise import promises, real
from kinora.generate import Film, Request
from kinora.models.bundle import Bundle
from kinora.serve.jobs.again import best_take, heard, otherwise
from kinora.serve.jobs.artefacts import Artefacts
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.wish import Card, Wish
from kinora.serve.reel import Reel
from kinora.serve.store import LocalStore
from serving import Served
from tiny import tiny_bundle

NEW = {
    "animate": [(0, 17)], "remix": [(0, 17)], "edit": [(0, 17)], "extension": [(17, 25)],
    "backward": [(0, 9)], "loop": [(17, 24)], "retake": [(8, 17)], "change": [(0, 17)],
    "outpaint": [(0, 17)], "recut": [(9, 17)], "angles": [(0, 17)],
    "storyboard": [(0, 9), (9, 16)],
}  # fmt: skip
"""Kind of edit -> the frames that it makes; of a storyboard the shots that do not begin with a film."""


@pytest.fixture(scope="module")
def model() -> Bundle:
    bundle = tiny_bundle()
    return replace(bundle, index=bundle.index.model_copy(update={"views": True}))


@pytest.fixture(scope="module")
def film(model: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """Two seconds of ours."""
    return dreamt(model, WISHES["create"], tmp_path_factory.mktemp("film"))


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    """One thread, so that sums are rounded alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def watched(name: str, *, tries: int) -> Wish:
    return WISHES[name].model_copy(update={"tries": tries})


def ledger(folder: Path) -> list[dict[str, Any]]:
    told = json.loads((folder / "store" / "videos" / "job" / "ledger.json").read_text())
    windows: list[dict[str, Any]] = told["windows"]
    return windows


@pytest.mark.parametrize("name", NEW)
def test_what_is_new_is_watched_and_stays_as_it_is(
    name: str, model: Bundle, film: Reel, tmp_path: Path
) -> None:
    plain = dreamt(model, WISHES[name], tmp_path / "plain", film=film)
    seen = dreamt(model, watched(name, tries=1), tmp_path / "seen", film=film)
    assert np.array_equal(plain.shown(model), seen.shown(model))
    windows = ledger(tmp_path / "seen")
    spans = [(round(each["start"] * FPS), round(each["end"] * FPS)) for each in windows]
    assert spans == NEW[name]
    assert all(each["entries"] for each in windows), "these words promise something"


@pytest.mark.parametrize("name", ["extension", "retake", "storyboard"])
def test_a_watched_edit_that_was_broken_off_ends_the_same(
    name: str, model: Bundle, film: Reel, tmp_path: Path
) -> None:
    wish = watched(name, tries=2)
    whole = dreamt(model, wish, tmp_path / "whole", film=film)
    # In the midst of the second take.
    again = dreamt(model, wish, tmp_path / "again", film=film, stop_after=2 * STEPS - 1)
    assert np.array_equal(whole.shown(model), again.shown(model))
    assert ledger(tmp_path / "whole") == ledger(tmp_path / "again")
    # The tiny model paints noise, which keeps hardly anything.
    assert {each["tries"] for each in ledger(tmp_path / "whole")} == {2}


def shelf(folder: Path) -> Kept:
    files = Artefacts(LocalStore(folder / "store"), "job", scratch=folder / "scratch")
    return Kept(files, lambda: None)


def scene() -> tuple[str, Clip]:
    """Words, and a render of the simulated world that keeps them."""
    promise = promises()[0]
    return promise.prompt, real(promise)


def shown(model: Bundle, prompt: str, clip: Clip) -> Film:
    """A clip as if the model had dreamt it."""
    count = model.stride.pixel_frames((len(clip) - 1) // model.stride.time + 1)
    part = Clip(clip.frames[:count], clip.fps)
    wish = Request(
        prompts=(prompt,), seconds=(count - 1) / clip.fps, height=clip.height, width=clip.width
    )
    return Film(clip=part, latents=model.encode(part), request=wish)


def test_the_take_that_keeps_its_words_is_the_one(model: Bundle, tmp_path: Path) -> None:
    prompt, clip = scene()
    noise = np.random.default_rng(1).integers(0, 255, clip.frames.shape, np.uint8)
    wish = Wish(
        kind="remix", cards=(Card(prompt=prompt),), seconds=4.0, tries=4,
        **{**SIZE, "seed": 5, "steps": 1},
    )  # fmt: skip
    made: list[Wish] = []

    def make(wanted: Wish) -> Film:
        made.append(wanted)
        frames = clip.frames if len(made) == 3 else noise
        return shown(model, prompt, Clip(frames, model.capabilities.fps))

    def take(kept: Kept) -> Any:
        return best_take(
            model, wish, make=make, new=lambda frames: (0, frames), kept=kept, tell=silent
        )

    best = take(shelf(tmp_path))
    assert len(made) == 3, "the third keeps every word, so there is no fourth"
    assert made == [otherwise(model, wish, number) for number in range(3)]
    assert best.told.ledger.broken == ()
    assert {each.tries for each in best.told.ledger.windows} == {3}
    assert best.reel.frames is not None
    assert np.array_equal(best.reel.frames[0], clip.frames[0])
    assert len({each.seed for each in made}) == 3
    again = take(shelf(tmp_path))
    assert len(made) == 3, "what was kept is not made again"
    assert np.array_equal(again.reel.shown(model), best.reel.shown(model))


def test_every_latent_is_told_the_words_that_it_heard(model: Bundle, film: Reel) -> None:
    two = replace(film, prompts=("a", "b"), text=torch.tensor([0, 0, 1, 1, 0]))
    assert [(each.prompt, each.start, each.end) for each in heard(model, two)] == [
        ("a", 0.0, 5 / 8),
        ("b", 5 / 8, 13 / 8),
        ("a", 13 / 8, float("inf")),
    ]


def test_other_noise_and_more_guidance_after_the_first_take(model: Bundle) -> None:
    wish = watched("retake", tries=3)
    first, second, third = (otherwise(model, wish, number) for number in range(3))
    assert first == wish
    assert len({first.seed, second.seed, third.seed}) == 3
    assert second.guidance is not None
    assert third.guidance is not None
    assert model.capabilities.guidance < second.guidance < third.guidance


def test_cards_keep_the_seed_that_served_best(model: Bundle, film: Reel, tmp_path: Path) -> None:
    """A card's seed is its own: the film with the chosen seeds is the film that was watched."""
    wish = watched("storyboard", tries=1)
    cards: Any = wish.options["card"]
    cards = [{**card, "seed": 9} for card in cards]
    named = wish.model_copy(update={"options": {**wish.options, "card": cards}, "tries": 0})
    own = dreamt(model, named, tmp_path / "own", film=film)
    common = dreamt(model, wish.model_copy(update={"seed": 9}), tmp_path / "common", film=film)
    assert np.array_equal(own.shown(model), common.shown(model))


def test_every_route_that_promises_words_keeps_a_ledger(server: Served) -> None:
    quick = {"seed": 3, "steps": 1, "verify": True, "tries": 2}
    film = server.create(seconds=1, size="96x64", seed=3, steps=1)
    assert server.wait(film)["state"] == "done"
    of = {**quick, "video": {"id": film}}
    cards = [{"at": 0, "prompt": "a red ball"}, {"at": 1, "prompt": "a blue cube"}]
    asked: dict[str, dict[str, Any]] = {
        "/kinora/v1/extend": {**of, "seconds": 1},
        "/kinora/v1/retake": {**of, "start": 0.5},
        "/kinora/v1/storyboard": {**quick, "seconds": 2, "size": "96x64", "cards": cards},
        "/v1/videos/extensions": {**of, "prompt": "a blue cube", "seconds": 1},
        f"/v1/videos/{film}/remix": {**quick, "prompt": "a blue cube"},
    }
    made = {}
    for path, sent in asked.items():
        answer = server.http.post(path, json=sent)
        assert answer.status_code == 200, (path, answer.text)
        made[path] = answer.json()["id"]
    for path, video in made.items():
        job = server.wait(video)
        assert job["state"] == "done", (path, job)
        assert job["verify"]["broken"] > 0, path
        assert {each["tries"] for each in job["verify"]["windows"]} == {2}, path
        assert sum("should be" in note for note in job["notes"]) == job["verify"]["broken"], path


def test_where_no_words_are_promised_nothing_is_verified(server: Served) -> None:
    film = server.create(seconds=1, size="96x64", seed=3, steps=1)
    assert server.wait(film)["state"] == "done"
    of = {"video": {"id": film}, "verify": True}
    for verb, sent in (("blend", {"second": {"id": film}}), ("recut", {"start": 0.5})):
        answer: httpx.Response = server.http.post(f"/kinora/v1/{verb}", json={**of, **sent})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "verify"), verb
        assert answer.json()["error"]["code"] == "nothing_promised"
    data = server.http.get(f"/v1/videos/{film}/content").content
    answer = server.http.post(
        "/kinora/v1/extend",
        data={"seconds": "1", "verify": "true"},
        files={"video": ("a.mp4", data, "video/mp4")},
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "prompt")
