"""A delivered film comes back with its latents, and each frame with its words."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinora.core.errors import CancelledError
from kinora.core.progress import Progress
from kinora.denoise.condition import View
from kinora.generate import Film
from kinora.media.read import read
from kinora.media.write import save
from kinora.models.bundle import Bundle
from kinora.models.store import load_bundle, save_bundle
from kinora.timeline.deliver import deliver, latents_path, recall, sidecar_of
from kinora.timeline.extend import Extend, extend
from kinora.timeline.fulfil import open_film
from kinora.timeline.sight import sighted
from kinora.timeline.source import Worded, source
from tiny import tiny_bundle


def test_an_extended_film_remembers_which_frame_heard_what(
    model: Bundle, film: Film, tmp_path: Path
) -> None:
    longer = extend(model, film, Extend(seconds=1, prompt="a green cone"))
    file = tmp_path / "a.mp4"
    deliver(longer, sidecar_of(longer, model, verb="extend"), file)
    back = recall(file, read(file).clip)
    assert back is not None
    known = source(model, back)
    assert torch.equal(known.latents, longer.latents)
    assert known.prompts == ("a red ball", "a green cone")
    assert known.text.tolist() == [0] * 7 + [1] * 2


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_still_and_a_gif_come_back_at_the_rate_of_their_film(
    name: str, model: Bundle, film: Film, still: Film, tmp_path: Path
) -> None:
    made, file = still if name == "a.png" else film, tmp_path / name
    deliver(made, sidecar_of(made, model, verb="generate"), file)
    back, told = open_film(file, model=model)
    assert isinstance(back, Film)
    assert not told
    assert (len(back.clip), back.clip.fps) == (len(made.clip), made.clip.fps)
    longer = extend(model, back, Extend(seconds=1))
    assert len(longer.clip) == len(made.clip) + made.clip.fps


def test_an_older_film_keeps_its_latents_when_the_new_one_is_stopped(
    model: Bundle, film: Film, other: Film, tmp_path: Path
) -> None:
    file = tmp_path / "a.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), file)

    def stop(progress: Progress) -> None:
        if progress.stage == "encode":
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        deliver(other, sidecar_of(other, model, verb="generate"), file, on_progress=stop)
    back = recall(file, read(file).clip)
    assert back is not None
    assert torch.equal(back.latents, film.latents)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a.mp4", "a.mp4.json", "a.mp4.latents"
    ]  # fmt: skip


@pytest.fixture
def spoken(causal: Bundle, film: Film, tmp_path: Path) -> Path:
    """Three seconds from the left of a red ball and one of a green cone, as a file whose latents are gone."""
    left = replace(film, request=replace(film.request, conditions=(View(1),)))
    longer = extend(causal, left, Extend(seconds=1, prompt="a green cone", steps=1))
    file = tmp_path / "a.mp4"
    deliver(longer, sidecar_of(longer, causal, verb="extend"), file)
    latents_path(file).unlink()
    return file


def test_a_film_without_its_latents_keeps_its_words(causal: Bundle, spoken: Path) -> None:
    clip, notes = open_film(spoken, model=causal)
    assert isinstance(clip, Worded)
    assert notes == (f"{spoken} has no latents beside it: its frames are encoded",)
    known = source(causal, clip)
    assert known.prompts == ("a red ball", "a green cone")
    assert known.text.tolist() == [0] * 7 + [1] * 2
    assert known.view.tolist() == [1] * 9
    assert torch.equal(known.latents, causal.encode(clip).cpu())
    assert source(causal, clip, prompt="a blue cube").prompts == ("a blue cube",)


def test_nobody_looks_at_a_film_that_tells_its_words(causal: Bundle, spoken: Path) -> None:
    clip, _ = open_film(spoken, model=causal)
    assert sighted(causal, Extend(seconds=1), [clip]).words == ()


def test_words_stay_where_they_were_at_another_rate_and_size(causal: Bundle, spoken: Path) -> None:
    slow = replace(causal, index=causal.index.model_copy(update={"fps": 4.0, "views": False}))
    clip, _ = open_film(spoken, model=slow, size=(64, 96))
    known = source(slow, clip)
    assert (known.clip.height, known.clip.width, len(known.clip)) == (64, 96, 17)
    assert known.text.tolist() == [0, 0, 0, 0, 1]
    assert known.view.tolist() == [0] * 5, "a model of one camera has no other"


def test_a_film_of_another_model_keeps_its_words(film: Film, tmp_path: Path) -> None:
    model, stranger = (
        load_bundle(save_bundle(tiny_bundle(seed=seed), tmp_path / str(seed))) for seed in (0, 1)
    )
    longer = extend(model, film, Extend(seconds=1, prompt="a cone", steps=1))
    file = tmp_path / "a.mp4"
    deliver(longer, sidecar_of(longer, model, verb="extend"), file)
    clip, notes = open_film(file, model=stranger)
    assert notes == (f"tiny-test cannot read the latents of {file}: its frames are encoded",)
    assert source(stranger, clip).prompts == ("a red ball", "a cone")


def test_a_file_that_was_changed_is_anybodys(causal: Bundle, spoken: Path, other: Film) -> None:
    save(other.clip, spoken)
    clip, _ = open_film(spoken, model=causal)
    assert not isinstance(clip, Worded)
