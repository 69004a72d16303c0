"""Every act of the server is a verb of the studio, and one that was broken off ends as if it never was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dreams import FILE, FRAMES, STEPS, WISHES, attempt, dreamt
from kinora.core.clip import Clip
from kinora.core.progress import silent
from kinora.models.bundle import Bundle
from kinora.serve import editing
from kinora.serve.jobs.artefacts import Artefacts, source
from kinora.serve.reel import Reel, read_reel, reel_of
from kinora.serve.store import LocalStore
from kinora.serve.verbs import (
    AnimatePictures,
    BlendFilms,
    ChangeFilm,
    ExtendFilm,
    FilmAngles,
    LoopFilm,
    OutpaintFilm,
    RecutFilm,
    RemixFilm,
    RetakeFilm,
    Storyboard,
    Verb,
)
from kinora.serve.wire import Extras
from kinora.timeline import loop as studio_loop
from kinora.timeline.angles import Angles
from kinora.timeline.blend import Blend
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.loop import Loop
from kinora.timeline.outpaint import Outpaint
from kinora.timeline.recut import Recut
from kinora.timeline.region import Change
from kinora.timeline.remix import Remix
from kinora.timeline.retake import Retake
from tiny import HEIGHT, WIDTH, tiny_bundle


@pytest.fixture(scope="module")
def model() -> Bundle:
    bundle = tiny_bundle()
    return replace(bundle, index=bundle.index.model_copy(update={"views": True}))


@pytest.fixture(scope="module")
def film(model: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """Two seconds of ours."""
    return dreamt(model, WISHES["create"], tmp_path_factory.mktemp("film"))


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, so that sums are rounded alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", WISHES)
def test_what_was_broken_off_ends_the_same(
    name: str, model: Bundle, film: Reel, tmp_path: Path
) -> None:
    wish = WISHES[name]
    whole = dreamt(model, wish, tmp_path / "whole", film=film)
    resumed = dreamt(model, wish, tmp_path / "resumed", film=film, stop_after=STEPS - 1)
    for one, other in ((whole.latents, resumed.latents), (whole.text, resumed.text)):
        assert torch.equal(one, other)
    shown = whole.shown(model)
    assert np.array_equal(shown, resumed.shown(model))
    assert len(shown) == FRAMES.get(name, 17)


def test_edits_keep_what_they_do_not_touch(model: Bundle, film: Reel, tmp_path: Path) -> None:
    before = film.shown(model)
    kept = {
        "extension": slice(0, 17),
        "loop": slice(0, 17),
        "blend": slice(0, 17),
        "retake": slice(0, 5),
    }
    for name, part in kept.items():
        after = dreamt(model, WISHES[name], tmp_path / name, film=film).shown(model)
        assert np.array_equal(after[part], before[part]), name
    changed = dreamt(model, WISHES["change"], tmp_path / "change", film=film).shown(model)
    assert np.array_equal(changed[:, :, :32], before[:, :, :32])
    assert not np.array_equal(changed[:, 24:40, 40:56], before[:, 24:40, 40:56])
    wider = dreamt(model, WISHES["outpaint"], tmp_path / "outpaint", film=film).shown(model)
    assert wider.shape[1:3] == (64, 128)
    assert np.array_equal(wider[:, :, 16:112], before)


def test_a_reel_comes_back(model: Bundle, film: Reel, tmp_path: Path) -> None:
    film.write(tmp_path / "reel")
    again = read_reel(tmp_path / "reel")
    assert again.prompts == film.prompts
    assert torch.equal(again.latents, film.latents)
    first, second = film.source(model), again.source(model)
    assert np.array_equal(first.clip.frames, second.clip.frames)
    edited = dreamt(model, WISHES["remix"], tmp_path, film=film)
    assert edited.frames is not None, "an edit's frames are not just what the decoder draws"


def test_a_reel_without_latents_is_encoded(model: Bundle, film: Reel) -> None:
    none = torch.zeros(0, dtype=torch.long)
    pieces = replace(film, latents=film.latents[:0], text=none, view=none, frames=film.shown(model))
    assert len(pieces.source(model).latents) == len(film.latents)


def test_a_loop_is_gone_on_from_with_all_its_frames(
    model: Bundle, film: Reel, tmp_path: Path
) -> None:
    made = dreamt(model, WISHES["loop"], tmp_path, film=film)
    frames, known = made.shown(model), made.source(model)
    assert np.array_equal(known.clip.frames, np.concatenate([frames, frames[:1]]))
    assert torch.equal(known.latents, made.latents)


VERBS: dict[type[Verb], type[Edit]] = {
    RemixFilm: Remix, ExtendFilm: Extend, LoopFilm: Loop, BlendFilms: Blend, RetakeFilm: Retake,
    ChangeFilm: Change, OutpaintFilm: Outpaint, RecutFilm: Recut, FilmAngles: Angles,
}  # fmt: skip


@pytest.mark.parametrize("sent", VERBS)
def test_the_wire_says_what_the_studio_says(sent: type[Verb]) -> None:
    ours = set(sent.model_fields) - set(Extras.model_fields) - {"video", "second", "mask", "size"}
    theirs = set(VERBS[sent].model_fields) - {"negative", "seed", "steps", "guidance"}
    assert ours == theirs - ({"height", "width"} if "size" in sent.model_fields else set())
    assert {sent: editing.KINDS[sent]}.keys() <= editing.KINDS.keys()


def test_bridges_are_those_of_the_studio() -> None:
    assert editing.BRIDGES == studio_loop.BRIDGES


def test_times_are_checked_at_the_door() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        Storyboard.model_validate(
            {"seconds": 2, "cards": [{"at": 0, "prompt": "a"}, {"at": 3, "prompt": "b"}]}
        )
    with pytest.raises(ValueError, match="say the whole scene"):
        ChangeFilm.model_validate({"video": {"id": "x"}, "box": [0, 0, 8, 8]})
    assert AnimatePictures.model_validate({"prompt": "a"}).keyframes == ()


def test_of_an_uploaded_film_no_frame_is_lost(model: Bundle, tmp_path: Path) -> None:
    """Sixteen frames are four latents and three frames more: filled up for an edit, cut for an extension."""
    frames = np.random.default_rng(1).integers(0, 255, (16, HEIGHT, WIDTH, 3), np.uint8)
    files = Artefacts(LocalStore(tmp_path / "store"), "job", scratch=tmp_path / "scratch")
    with files.making(source(0, "pixels")) as target, target.open("wb") as stream:
        np.save(stream, frames)
    for name, count in (("edit", 17), ("extension", 25)):
        wish = WISHES[name].model_copy(update={"sources": (FILE,)})
        made = attempt(model, files, [], silent).reel(wish, seconds=60.0)
        assert len(made.shown(model)) == count, name


def test_the_reel_of_an_edit_hears_what_the_edit_heard(model: Bundle, film: Reel) -> None:
    from kinora.timeline.extend import extend

    made = extend(model, film.source(model), Extend(seconds=1, steps=1, prompt="a blue cube"))
    reel = reel_of(model, made)
    assert reel.prompts == ("a red ball rolls", "a blue cube")
    assert reel.text.tolist() == [0] * 5 + [1] * 2
    assert isinstance(made.clip, Clip)
