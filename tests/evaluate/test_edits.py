"""Edits that are watched: one take or several, and what promises nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.core.progress import Progress, silent
from kinora.denoise.resume import keeping
from kinora.evaluate.edits import Watcher, check_promise, verified_edit
from kinora.generate import Film, Request, generate
from kinora.models.bundle import Bundle
from kinora.timeline.angles import Angles
from kinora.timeline.blend import Blend
from kinora.timeline.perform import laid_out, perform
from kinora.timeline.recut import Recut
from kinora.timeline.remix import Remix
from kinora.timeline.retake import Retake
from tiny import tiny_bundle


@pytest.fixture(scope="module")
def model() -> Bundle:
    bundle = tiny_bundle()
    return replace(bundle, index=bundle.index.model_copy(update={"views": True}))


@pytest.fixture(scope="module")
def film(model: Bundle) -> Film:
    return generate(
        model, Request(("a red ball on grass",), seconds=2.0, height=64, width=64, steps=1, seed=1)
    )


def test_watching_alone_changes_nothing(model: Bundle, film: Film) -> None:
    edit = Retake(start=1, seed=3, steps=2)
    take = verified_edit(laid_out(model, edit, [film]), edit, judge=load_judge(), tries=1)
    (plain,) = perform(model, edit, [film])
    assert take.edit == edit
    assert torch.equal(take.film.latents, plain.latents)
    assert np.array_equal(take.film.clip.frames, plain.clip.frames)


def test_a_take_is_what_its_values_make(model: Bundle, film: Film) -> None:
    edit = Remix(seed=3, steps=2)
    take = verified_edit(laid_out(model, edit, [film]), edit, judge=load_judge(), tries=3)
    assert {each.tries for each in take.ledger.windows} == {3}, "noise keeps hardly anything"
    (same,) = perform(model, take.edit, [film])
    assert torch.equal(take.film.latents, same.latents)


def test_who_was_broken_off_dreams_no_take_twice(model: Bundle, film: Film, tmp_path: Path) -> None:
    edit, judge, stages = Retake(start=1, seed=3, steps=3), load_judge(), list[str]()
    bench = laid_out(model, edit, [film])

    def stop(told: Progress) -> None:
        stages.append(told.stage)
        if stages.count("denoise") == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), keeping(tmp_path / "dream", seconds=0):
        verified_edit(bench, edit, judge=judge, tries=2, on_progress=stop)
    stages.clear()
    with keeping(tmp_path / "dream", seconds=0):
        take = verified_edit(
            bench, edit, judge=judge, tries=2, on_progress=lambda told: stages.append(told.stage)
        )
    assert stages.count("denoise") == 1
    whole = verified_edit(bench, edit, judge=judge, tries=2)
    assert torch.equal(take.film.latents, whole.film.latents)
    assert take.ledger == whole.ledger


def test_every_camera_has_takes_of_its_own(model: Bundle, film: Film) -> None:
    edit = Angles(views=(1, 2), steps=1)
    made = Watcher(load_judge(), tries=1)(laid_out(model, edit, [film]), edit, on_progress=silent)
    assert [each.edit for each in made] == [
        Angles(views=(1,), steps=1),
        Angles(views=(2,), steps=1),
    ]
    together = perform(model, edit, [film])
    for each, other in zip(made, together, strict=True):
        assert torch.equal(each.film.latents, other.latents)
        assert each.options["verify"] == 1
        assert any("should be" in note for note in each.film.notes)


def test_what_hears_no_words_of_its_own_promises_nothing(model: Bundle, film: Film) -> None:
    clip = Clip(film.clip.frames, film.clip.fps)
    for edit, films in (
        (Blend(), [film, film]),
        (Recut(start=1), [film]),
        (Remix(), [clip]),
    ):
        with pytest.raises(UsageError):
            check_promise(laid_out(model, edit, films), edit)
    check_promise(laid_out(model, Remix(), [film]), Remix())
    spoken = Remix(prompt="a red ball")
    check_promise(laid_out(model, spoken, [clip]), spoken)
