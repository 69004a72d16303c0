"""The verbs of the studio, from typed words to files, with a tiny model."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.cli.main import main
from kinora.media.image import save_still
from kinora.media.probe import probe
from kinora.media.sidecar import read_sidecar
from kinora.models.store import save_bundle
from kinora.timeline.deliver import latents_path
from kinora.timeline.project import project
from tiny import tiny_bundle

Film = tuple[Path, Path]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def film(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("film") / "a.mp4"
    words = ["generate", "a red ball", "--seconds", "2", "--size", "64x64", "--seed", "1"]
    assert main([*words, "--steps", "1", "--model", str(model), "-q", "-o", str(file)]) == 0
    return file


@pytest.mark.parametrize(
    ("verb", "words", "frames"),
    [
        ("extend", ["--seconds", "1"], 25),
        ("extend", ["--seconds", "1", "--backward"], 25),
        ("loop", ["--bridge", "short"], 24),
        ("remix", ["--strength", "0.4", "--prompt", "a blue cube"], 17),
        ("retake", ["--from", "1"], 17),
        ("recut", ["--from", "1", "--seconds", "2"], 17),
        ("edit", ["--outpaint", "96x64"], 17),
        ("edit", ["--box", "0,0,32,32", "--prompt", "a cone"], 17),
    ],
)
def test_an_edit_from_words_to_files(
    verb: str, words: list[str], frames: int, film: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.mp4"
    common = ["--seed", "3", "--steps", "1", "--model", str(model), "-q", "-o", str(out)]
    assert main([verb, str(film), *words, *common]) == 0
    told = read_sidecar(out)
    assert told.verb == verb
    assert told.made is not None
    assert abs(told.made.frames - frames) <= 1
    assert told.parents[0].file == str(film)
    assert latents_path(out).exists()


def test_the_model_that_made_a_film_goes_on_with_it(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["remix", str(film), "--steps", "1", "-q", "-o", str(tmp_path / "b.mp4")]
    assert main(words) == 3
    # It lies in a folder, and a film tells a bundle's name alone.
    assert "was made by tiny-test, which is not here" in capsys.readouterr().err


def test_new_words_are_answered_as_those_of_a_new_film_are(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--steps", "1", "--seed", "1", "--model", str(model), "--json", "-q"]

    def notes(*words: str) -> list[str]:
        assert main([*words, *common, "-o", str(tmp_path / "b.mp4")]) == 0
        found: list[str] = json.loads(capsys.readouterr().out)["films"][0]["notes"]
        return found

    known = "things this model knows: ball, cube, cone"
    assert notes("extend", str(film), "--seconds", "1", "--prompt", "a bluue ball") == [
        "'bluue' is not a word this model knows; did you mean blue?", known
    ]  # fmt: skip
    told = notes("remix", str(film), "--prompt", "a red ball on a boat", "--expand")
    (shot,) = read_sidecar(tmp_path / "b.mp4").shots
    assert told[:2] == [f"Expanded: {shot.expansion}", "'boat' is not a word this model knows"]
    box = ["--box", "0,0,32,32", "--action", "insert", "--what"]
    assert notes("edit", str(film), *box, "a blue boat")[0].startswith("'boat'")
    assert notes("extend", str(film), "--seconds", "1") == []


def test_latents_of_another_model_are_not_believed(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle()
    with torch.no_grad():
        next(bundle.autoencoder.parameters()).mul_(1.5)
    other, out = save_bundle(bundle, tmp_path / "other"), tmp_path / "b.mp4"
    words = ["remix", str(film), "--steps", "1", "--seed", "1", "--model", str(other)]
    assert main([*words, "-o", str(out)]) == 0
    assert "cannot read the latents of" in capsys.readouterr().err


def test_blend_takes_two_and_animate_any_number(film: Path, model: Path, tmp_path: Path) -> None:
    common = ["--steps", "1", "--seed", "3", "--model", str(model), "-q"]
    out = tmp_path / "b.mp4"
    assert main(["blend", str(film), str(film), "--seconds", "1", *common, "-o", str(out)]) == 0
    picture = tmp_path / "p.png"
    save_still(picture, np.full((64, 64, 3), 80, np.uint8), kind="PNG")
    moved = tmp_path / "c.mp4"
    pictures = [str(picture), f"{picture}@-0"]
    assert main(["animate", *pictures, "--seconds", "1", *common, "-o", str(moved)]) == 0
    assert read_sidecar(moved).parents[1].file == str(picture)


def test_of_a_still_comes_a_still_unless_it_is_made_longer(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ["--steps", "1", "--seed", "3", "--model", str(model), "-q"]
    words = ["generate", "a red ball", "--image", "--size", "64x64", "-o", "a.png"]
    assert main([*words, *common]) == 0
    assert main(["remix", "a.png", "--prompt", "a blue ball", *common]) == 0
    assert main(["edit", "a.png", "--outpaint", "96x64", *common, "-o", "wide.png"]) == 0
    assert probe(Path("a-remix-3.png")).kind == probe(Path("wide.png")).kind == "image"
    assert main(["extend", "a.png", "--seconds", "1", *common, "-o", "b.png"]) == 2
    assert "a .png file holds one frame" in capsys.readouterr().err
    assert main(["extend", "a.png", "--seconds", "1", *common, "-o", "b.mp4"]) == 0
    assert (probe(Path("b.mp4")).frames, probe(Path("b.mp4")).fps) == (9, 8)


def test_a_board_is_made_changed_undone_and_exported(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ["--model", str(model), "-q"]
    board = tmp_path / "board.toml"
    story = "a red ball on grass. meanwhile a blue cube falls."
    assert main(["expand", story, "--story", str(board), "--seconds", "2", "-q"]) == 0
    board.write_text("steps = 1\nwidth = 64\nheight = 64\n" + board.read_text())
    assert main(["storyboard", str(board), *common]) == 0
    board.write_text(board.read_text().replace("a medium matte red ball", "a red ball"))
    assert main(["storyboard", str(board), *common, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.partition("\n{")[2].join(("{", "")))
    assert [item["frames"] for item in told["items"]] == [6, 9]
    assert read_sidecar(tmp_path / "board.mp4").options["words"] == [[1, 2, None]]
    out = ["--steps", "1", "--out", "longer.mp4"]
    assert main(["extend", "board.mp4", "--seconds", "1", *common, *out]) == 0
    assert read_sidecar(tmp_path / "longer.mp4").options["words"][-1][0] == 1
    assert main(["storyboard", "--undo", *common]) == 0
    first = next(project().history().present.shots())
    assert "medium matte red ball" in first.prompt
    assert main(["storyboard", str(board), "--expand", *common]) == 0
    shot = read_sidecar(tmp_path / "board.mp4").shots[0]
    assert shot.prompt.startswith("on grass") or "red ball" in shot.prompt
    assert len(shot.expansion) > len(shot.prompt)
    pytest.importorskip("opentimelineio", reason="needs the extra: pip install kinora[export]")
    assert main(["export", "film.otio", *common]) == 0
    assert (tmp_path / "film-shots" / "card-1.mp4").exists()


def test_a_board_with_a_picture_is_the_same_from_every_folder(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common, films = ["--model", str(model), "-q"], tmp_path / "films"
    films.mkdir()
    save_still(films / "p.png", np.full((64, 64, 3), 80, np.uint8), kind="PNG")
    settings = "steps = 1\nwidth = 64\nheight = 64\nseconds = 1\n"
    (films / "board.toml").write_text(f'{settings}[[card]]\nat = 0\nimage = "p.png"\n')
    monkeypatch.chdir(tmp_path)
    assert main(["storyboard", "films/board.toml", *common]) == 0
    kept = {file: file.stat().st_mtime_ns for file in project(films).cache.folder.iterdir()}
    monkeypatch.chdir(films)
    assert main(["storyboard", "board.toml", *common]) == 0
    assert main(["storyboard", *common, "-o", "again.mp4"]) == 0
    assert {file: file.stat().st_mtime_ns for file in project().cache.folder.iterdir()} == kept
    assert main(["storyboard", "--undo", *common]) == 2


def test_a_board_that_cannot_be_read_is_not_the_projects_and_export_finds_it_elsewhere(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    common, films = ["--model", str(model), "-q"], tmp_path / "films"
    films.mkdir()
    board = films / "board.toml"
    settings = "steps = 1\nwidth = 64\nheight = 64\nseconds = 1\n"
    board.write_text(f'{settings}[[card]]\nat = 0\nprompt = "a red ball on grass"\n')
    assert main(["storyboard", str(board), *common]) == 0
    (films / "p.png").write_bytes(b"no picture")
    board.write_text(f'{settings}[[card]]\nat = 0\nprompt = "a cube"\nimage = "p.png"\n')
    assert main(["storyboard", str(board), *common]) == 6
    assert "p.png" in capsys.readouterr().err
    assert [shot.prompt for shot in project(films).history().present.shots()] == [
        "a red ball on grass"
    ]
    pytest.importorskip("opentimelineio", reason="needs the extra: pip install kinora[export]")
    assert main(["export", "films/film.otio", *common]) == 0
    assert (films / "film.otio").exists()
    shot = films / "film-shots" / "card-1.mp4"
    board.write_text(f'{settings}[[card]]\nat = 0\nclip = "film-shots/card-1.mp4"\nseconds = 0.5\n')
    assert main(["storyboard", str(board), *common]) == 0
    before = shot.read_bytes()
    capsys.readouterr()
    assert main(["export", "films/film.otio", *common]) == 2
    assert "card-1.mp4 would be written over what it is made from" in capsys.readouterr().err
    assert shot.read_bytes() == before


def test_a_board_is_not_written_over_its_own_clip(
    model: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("board.mp4").write_bytes(film.read_bytes())
    Path("board.toml").write_text('seconds = 1\n[[card]]\nat = 0\nclip = "board.mp4"\n')
    assert main(["storyboard", "board.toml", "--model", str(model), "-q"]) == 2
    assert "board.mp4 would be written over what it is made from" in capsys.readouterr().err
    assert Path("board.mp4").read_bytes() == film.read_bytes()


def test_characters_are_stored_listed_used_and_forgotten(
    model: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["character", "add", "mia", "--from", str(film), "--words", "red ball"]) == 0
    assert main(["character", "list", "--json"]) == 0
    assert '"mia": "red ball"' in capsys.readouterr().out
    assert main(["character", "show", "mia", "-o", "mia.png"]) == 0
    assert "64x64" in capsys.readouterr().out
    assert Path("mia.png").exists()
    words = ["generate", "mia bounces", "--seconds", "1", "--size", "64x64", "--steps", "1"]
    assert main([*words, "--model", str(model), "-q", "-o", "m.mp4"]) == 0
    shot = read_sidecar(Path("m.mp4")).shots[0]
    assert (shot.prompt, shot.expansion) == ("mia bounces", "the red ball bounces")
    assert main(["character", "remove", "mia"]) == 0
    assert main(["character", "remove", "mia"]) == 3
    assert main(["character", "list"]) == 0
    assert "nobody yet" in capsys.readouterr().out


def test_a_long_film_is_written_while_it_is_made(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "long.mp4"
    words = ["generate", "a red ball", "--seconds", "12", "--size", "64x64", "--steps", "1"]
    assert main([*words, "--model", str(model), "--seed", "1", "-q", "-o", str(out)]) == 0
    made = read_sidecar(out).made
    assert made is not None
    assert made.frames == 97
    assert latents_path(out).stat().st_size > 25 * 16 * 16 * 4


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["extend", "none.mp4"], 3, "none.mp4"),
        (["loop", "FILM", "--bridge", "9"], 2, "longer than the clip"),
        (["edit", "FILM", "--box", "1,2"], 2, "not 4 whole numbers"),
        (["remix", "FILM", "--strength", "7"], 2, "strength"),
        (["remix", "FILM", "--strength", "7"], 2, "'strong'; or: Input should be less than"),
        (["angles", "FILM"], 2, "one camera only. Name a model"),
        (["loop", "FILM", "--bridge", "0"], 2, "bridge = '0' does not fit"),
        (["retake", "FILM", "--from", "-1"], 2, "--from"),
        (["edit", "FILM", "--outpaint", "96x64", "--from", "1"], 2, "Leave away --box"),
        (["extend", "FILM", "-o", "FILM"], 2, "over what it is made from"),
        (["storyboard", "FILM"], 2, "is no storyboard: a storyboard in TOML (.toml) and"),
        (["storyboard", "film.otioz"], 2, "an OpenTimelineIO timeline (.otio) can be read"),
        (["storyboard", "board.toml", "--redo"], 2, "Leave board.toml away"),
        (["storyboard", "--undo", "--redo"], 2, "Give one of them"),
        (["edit", "FILM", "--box", "0,0,9,9", "--mask", "FILM"], 2, "the region is named twice"),
        (["loop", "FILM", "-o", "no/such.mp4"], 3, "cannot write no/such.mp4"),
        (["loop", "FILM", "-o", "no/%03d.png"], 3, "cannot write no/%03d.png"),
        (["extend", "."], 6, ". is not a file"),
        (["animate", "."], 6, ". is not a file"),
        (["rerun", "."], 6, ". is not a file"),
        (["recut", "FILM", "--from", "inf"], 2, "start = inf does not fit"),
        (["recut", "FILM", "--from", "1e308"], 2, "start = 1e+308 does not fit"),
        (["retake", "FILM", "--from", "inf"], 2, "start = inf does not fit"),
        (["retake", "FILM", "--from", "0", "--to", "nan"], 2, "'--to'"),
        (["edit", "FILM", "--box", "0,0,8,8", "--from", "inf"], 2, "start = inf does not fit"),
        (["remix", "FILM", "--guidance", "0"], 2, "a guidance of 0 cannot make a film"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    words: list[str], code: int, why: str, film: Path, model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    typed = [str(film) if word == "FILM" else word for word in words]
    before = film.read_bytes()
    assert main([*typed, "--model", str(model), "-q"]) == code
    error = capsys.readouterr().err
    assert why in error
    assert len(error.splitlines()) == 1
    assert film.read_bytes() == before


def test_expand_prints_the_paragraph_and_names_what_is_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["expand", "a red ball on a boat"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("on grass there is a medium matte red ball.")
    assert "'boat' is not a word this model knows" in told.err
