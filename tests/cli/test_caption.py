import json
from pathlib import Path

import pytest

from kinora.cli.main import main
from kinora.core.clip import Clip
from kinora.generate import Film, Request, load
from kinora.media.read import read
from kinora.media.write import save
from kinora.models.store import DEFAULT
from kinora.timeline.deliver import deliver, latents_path, sidecar_of
from kinora.world import Mix, render_clip


@pytest.fixture
def still(tmp_path: Path) -> Path:
    mix = Mix(
        min_things=1, max_things=1, kinds=("ring",), colours=("blue",), grounds=("snow",),
        lights=("noon",),
    )  # fmt: skip
    file = tmp_path / "still.png"
    save(Clip(render_clip(42_000_000, mix=mix, frames=1).frames, 8.0), file)
    return file


def test_a_picture_is_told_in_words_and_facts(
    still: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["caption", str(still)]) == 0
    assert "a blue ring on snow at noon" in capsys.readouterr().out
    assert main(["caption", str(still), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["things"][0]["kind"]["answer"] == "ring"
    assert told["ground"]["sure"] > 0.6
    assert told["words"]["tags"] == "blue ring, snow, noon"


@pytest.fixture
def latents(still: Path) -> Path:
    """Those of the picture as the shipped model has them; the picture itself is gone."""
    model, clip = load(), read(still).clip
    wish = Request(("a ring",), seconds=0, steps=1, guidance=1.0)
    film = Film(clip, model.encode(clip), wish)
    deliver(film, sidecar_of(film, model, verb="generate"), still)
    still.unlink()
    return latents_path(still)


def test_latents_are_watched_without_their_film(
    latents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["caption", str(latents), "-q"]) == 0
    assert "a blue ring on snow at noon" in capsys.readouterr().out


def test_latents_need_the_model_that_made_them(
    latents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = latents.with_name("still.png.json")
    told = json.loads(beside.read_text())
    told["model"]["id"] = "nonesuch"
    beside.write_text(json.dumps(told))
    assert main(["caption", str(latents), "-q"]) == 3
    assert "was made by nonesuch, which is not here" in capsys.readouterr().err
    beside.unlink()
    assert main(["caption", str(latents), "-q"]) == 3
    assert "which model can read its latents" in capsys.readouterr().err
    assert main(["caption", str(latents), "--model", DEFAULT, "-q"]) == 0
    assert "blue ring" in capsys.readouterr().out
    latents.unlink()
    assert main(["caption", str(latents), "--model", DEFAULT, "-q"]) == 3
    assert "there is no file" in capsys.readouterr().err


def test_frames_need_no_model(still: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caption", str(still), "--model", DEFAULT]) == 2
    assert "its frames are watched" in capsys.readouterr().err


def test_what_is_no_picture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "text.mp4"
    file.write_text("no film")
    assert main(["caption", str(file)]) == 6
    assert "text.mp4" in capsys.readouterr().err
