"""A project's film: what was fitted for it is told."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from kinora.core.clip import Clip
from kinora.denoise.model import Read
from kinora.generate import Film
from kinora.media.image import save_still
from kinora.media.write import save
from kinora.models.bundle import Bundle
from kinora.timeline.deliver import deliver, latents_path, sidecar_of
from kinora.timeline.document import Gap, Shot, Timeline, Track
from kinora.timeline.fulfil import open_film
from kinora.timeline.project import Project
from kinora.timeline.source import source
from kinora.timeline.studio import make_film


def test_what_was_fitted_for_a_storyboard_is_told(
    model: Bundle, film: Film, tmp_path: Path
) -> None:
    own, other, picture = (tmp_path / name for name in ("own.mp4", "other.mp4", "picture.png"))
    deliver(film, sidecar_of(film, model, verb="generate"), own)
    save(Clip(film.clip.frames.repeat(3, 2), 12.0), other)
    save_still(picture, film.clip.frames[0, :32], kind="PNG")
    shots = (
        Shot(id="own", seconds=1, clip=str(own)),
        Shot(id="other", seconds=1, clip=str(other)),
        Shot(id="picture", seconds=1, image=str(picture), prompt="a red ball"),
    )
    board = Timeline(height=60, width=64, steps=1, tracks=(Track(items=shots),))
    made = make_film(board, Project(tmp_path / ".kinora"), tmp_path / "film.mp4", model=model)
    assert made.notes == (
        "64x60 became 64x64",
        f"{other} has no latents beside it: its frames are encoded",
        f"{other}: 12 frames a second became 8",
        f"{other}: 192x64 was scaled and cut to 64x64",
        f"{picture}: 64x32 was scaled and cut to 64x64",
    )
    assert list(made.frames) == ["own", "other", "picture"]
    wide = board.model_copy(update={"height": 64, "width": 96, "tracks": (Track(items=shots[:1]),)})
    made = make_film(wide, Project(tmp_path / ".kinora"), tmp_path / "wide.mp4", model=model)
    assert made.notes == (
        f"{own} has another size: its frames are encoded",
        f"{own}: 64x64 was scaled and cut to 96x64",
    )


def test_frames_that_give_way_are_told(model: Bundle, film: Film, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    save(Clip(film.clip.frames[:11], 8.0), clip)

    def notes(seconds: float) -> tuple[str, ...]:
        shots = (Shot(id="card-1", seconds=seconds, clip=str(clip), prompt="on grass at noon"),)
        board = Timeline(height=64, width=64, steps=1, tracks=(Track(items=shots),))
        return make_film(board, Project(tmp_path / "x"), tmp_path / "film.mp4", model=model).notes

    told = f"card-1: the last 2 frames of {clip} give way to what is dreamt behind them"
    assert told in notes(2.0)
    assert told not in notes(1.25)


def test_negative_words_without_guidance_are_told(model: Bundle, tmp_path: Path) -> None:
    shots = (Shot(id="one", seconds=1, prompt="a red ball"),)
    board = Timeline(
        height=64, width=64, steps=1, guidance=1.0, negative="a cone", tracks=(Track(items=shots),)
    )
    made = make_film(board, Project(tmp_path / "x"), tmp_path / "film.mp4", model=model)
    assert made.notes == (
        "without guidance nothing is pushed away from: the negative words do nothing",
    )


def test_black_and_cuts_do_not_pass_for_one_clip(model: Bundle, tmp_path: Path) -> None:
    """Latents too many and frames without any add up to the count of one clip, and lie beside each other."""
    one, two, three = (Shot(id=f"s{i}", seconds=2, prompt="a red ball") for i in range(3))
    flowing = two.model_copy(update={"enter": "flow"})
    for items, whole in (((one, two, Gap(seconds=1), three), False), ((one, flowing), True)):
        board = Timeline(height=64, width=64, steps=1, tracks=(Track(items=items),))
        file = tmp_path / "film.mp4"
        make_film(board, Project(tmp_path / "x"), file, model=model)
        film, _ = open_film(file, model=model)
        assert isinstance(film, Film)
        known = source(model, film)
        assert ("the film has cuts: its frames are encoded" in known.told) is not whole
        assert torch.equal(known.latents, film.latents[: len(known)]) is whole


def test_a_card_of_our_own_film_keeps_its_words_without_its_latents(
    model: Bundle, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, heard = Bundle.read, list[str]()

    def reading(self: Bundle, prompts: Sequence[str], *, negative: str = "") -> Read:
        heard.extend(prompts)
        return read(self, prompts, negative=negative)

    own, target = tmp_path / "own.mp4", tmp_path / "film.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), own)
    monkeypatch.setattr(Bundle, "read", reading)
    items = (Shot(id="own", seconds=4, clip=str(own)),)
    board = Timeline(height=64, width=64, steps=1, tracks=(Track(items=items),))
    for name in ("with", "without"):
        made = make_film(board, Project(tmp_path / name), target, model=model)
        assert not any("Seen" in note for note in made.notes)
        latents_path(own).unlink(missing_ok=True)
    assert heard == ["a red ball"] * 2
