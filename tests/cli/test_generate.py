"""`kinora generate` as its users meet it: a real process, real files."""

import json
from pathlib import Path

import pytest

from kinora.media.read import read
from kinora.media.sidecar import read_sidecar, sha256
from kinora.models.store import save_bundle
from tiny import tiny_bundle, tiny_student


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("model"))


PROMPT = "a red ball rolls past the blue cube"


def test_a_film_its_sidecar_and_its_latents(kinora, model: Path, tmp_path: Path) -> None:
    done = kinora(
        "generate",
        PROMPT,
        "--model",
        model,
        "--seconds",
        1,
        "--seed",
        7,
        "--out",
        "film.mp4",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    (film,) = json.loads(done.stdout)["films"]
    assert film["file"] == "film.mp4"
    clip = read(tmp_path / "film.mp4").clip
    assert (len(clip), clip.width, clip.height) == (9, 96, 64)
    told = read_sidecar(tmp_path / "film.mp4")
    assert told.seed == 7
    assert told.shots[0].prompt == PROMPT
    assert told.output is not None
    assert told.output.sha256 == sha256(tmp_path / "film.mp4")
    assert told.model is not None
    assert len(told.model.weights) == 3
    assert (tmp_path / "film.mp4.latents").exists()


def test_where_time_is_no_object_the_teacher_of_the_model_films(kinora, tmp_path: Path) -> None:
    likes, few = tiny_bundle().index, tiny_student(tmp_path / "models")

    def made(*words: object) -> tuple[str, int, float]:
        done = kinora(
            "generate", PROMPT, "--model", few, "--seconds", 1, "--seed", 7,
            "--out", "a.mp4", "-q", *words,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = read_sidecar(tmp_path / "a.mp4")
        assert told.model is not None
        return told.model.id, told.sampling.steps, told.sampling.guidance

    assert made() == ("few", 2, 1.0)
    assert made("--preset", "draft") == ("few", 1, 1.0)
    assert made("--preset", "best") == ("many", likes.steps[2], likes.guidance)
    assert made("--preset", "best", "--steps", 2) == ("few", 2, 1.0)
    assert made("--negative", "a hat") == ("many", likes.steps[1], likes.guidance)
    assert made("--negative", "a hat", "--guidance", 2) == ("few", 2, 2.0)


def test_what_is_not_understood_is_named_with_what_is(kinora, model: Path) -> None:
    words = ("--model", model, "--seconds", 1, "--steps", 1, "-n", 2, "--seed", 7, "-o", "a.mp4")
    done = kinora("generate", "a bluue dragon, a capsule", *words)
    assert done.returncode == 0, done.stderr
    notes = [line for line in done.stderr.splitlines() if line.startswith("Note: ")]
    assert notes == [
        "Note: 'bluue' is not a word this model knows; did you mean blue?",
        "Note: 'dragon' is not a word this model knows",
        "Note: 'capsule' is not a word this model knows",
        "Note: things this model knows: ball, cube, cone",
    ]


def test_what_a_director_wrote_is_shown(kinora, model: Path, tmp_path: Path) -> None:
    words = ("--model", model, "--image", "--steps", 1, "-o", "a.png", "--json")
    done = kinora("generate", "a red ball on a boat", *words, "--expand")
    assert done.returncode == 0, done.stderr
    notes = json.loads(done.stdout)["films"][0]["notes"]
    (shot,) = read_sidecar(tmp_path / "a.png").shots
    assert shot.expansion.startswith("on grass there is a medium matte red ball.")
    assert notes[:2] == [
        f"Expanded: {shot.expansion}", "'boat' is not a word this model knows"
    ]  # fmt: skip


def test_same_seed_same_bytes(kinora, model: Path, tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        kinora("generate", PROMPT, "--model", model, "--seconds", 1, "--seed", 7, "-o", name, "-q")
    assert (tmp_path / "one.mp4").read_bytes()[-2000:] == (tmp_path / "two.mp4").read_bytes()[
        -2000:
    ]


def test_many_a_still_and_a_sheet(kinora, model: Path, tmp_path: Path) -> None:
    done = kinora(
        "generate", PROMPT, "--model", model, "--image", "-n", 2, "--seed", 5, "--out", "still.png",
        "--sheet", "sheet.png", "--quiet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.glob("*.png")} == {"still-5.png", "still-6.png", "sheet.png"}


@pytest.mark.parametrize(
    ("out", "sheet", "code", "said"),
    [
        ("a.mp4", "a.mp4", 2, "a contact sheet is a PNG, not 'a.mp4'"),
        ("a.mp4", "none/s.png", 3, "the folder none does not exist"),
        ("a.png", "../{here}/a.png", 2, "cannot be the contact sheet and the picture"),
    ],
)
def test_a_sheet_that_cannot_be_is_told_before_the_work(
    kinora, model: Path, tmp_path: Path, out: str, sheet: str, code: int, said: str
) -> None:
    still = ["--image"] if out == "a.png" else []
    named = sheet.format(here=tmp_path.name)
    done = kinora("generate", PROMPT, "--model", model, *still, "-o", out, "--sheet", named)
    assert done.returncode == code
    assert said in done.stderr
    assert not list(tmp_path.glob("a.*"))


def test_words_can_be_left_out(kinora, model: Path, tmp_path: Path) -> None:
    kinora("generate", PROMPT, "--model", model, "--image", "--out", "x.png", "--no-metadata")
    assert "ball" not in (tmp_path / "x.png.json").read_text()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([""], 2),
        (["x" * 40_000], 2),
        (["\x07\x08"], 2),
        ([PROMPT, "--size", "0"], 2),
        ([PROMPT, "--size", "100000x100000"], 2),
        ([PROMPT, "--seconds", "-1"], 2),
        ([PROMPT, "--steps", "0"], 2),
        ([PROMPT, "--guidance", "0"], 2),
        ([PROMPT, "--guidance", "-3"], 2),
        ([PROMPT, "--guidance", "nan"], 2),
        ([PROMPT, "--out", "film.png"], 2),
        ([PROMPT, "--model", "nonesuch"], 3),
        ([PROMPT, "--out", "film.xyz"], 2),
        ([PROMPT, "--out", "/proc/nowhere/film.mp4"], 1),
    ],
)
def test_bad_input_is_one_line_with_a_remedy(
    kinora, model: Path, tmp_path: Path, words, code
) -> None:
    if "--model" not in words:
        words = [*words, "--model", model]
    done = (
        kinora("generate", *words, "--seconds=1")
        if "--seconds" not in words
        else kinora("generate", *words)
    )
    assert done.returncode in {code, 3 if "/proc" in str(words) else code}, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("kinora: ")
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*film*"))


def test_rerun_makes_the_same_latents(kinora, model: Path, tmp_path: Path) -> None:
    kinora(
        "generate", PROMPT, "--model", model, "--seconds", 1, "--seed", 7, "-o", "film.mp4", "-q"
    )
    done = kinora("rerun", "film.mp4", "--model", model, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"file": "film-again.mp4", "same_latents": True, "same_frames": True}
    told, before = (read_sidecar(tmp_path / name) for name in ("film-again.mp4", "film.mp4"))
    assert (told.shots, told.seed, told.asked) == (before.shots, before.seed, before.asked)


def test_rerun_without_a_story_says_why(kinora, model: Path) -> None:
    kinora("generate", PROMPT, "--model", model, "--image", "-o", "x.png", "--no-metadata", "-q")
    done = kinora("rerun", "x.png", "--model", model)
    assert done.returncode == 3
    assert "--no-metadata" in done.stderr


def test_a_watched_film_tells_what_it_breaks_and_is_made_again(
    kinora, model: Path, tmp_path: Path
) -> None:
    words = ("a red ball on grass", "--model", model, "--seconds", 1, "--seed", 7, "--steps", 2)
    done = kinora("generate", *words, "-o", "film.mp4", "--verify", "--tries", 2, "--json")
    assert done.returncode == 0, done.stderr
    told = read_sidecar(tmp_path / "film.mp4").options
    assert told["verify"] == 2
    entries = told["ledger"]["windows"][0]["entries"]  # type: ignore[index, call-overload]
    names = {"thing", "colour", "ground", "number of things"}
    assert {entry["name"] for entry in entries} == names
    broken = [entry for entry in entries if entry["wanted"] != entry["found"]]
    (film,) = json.loads(done.stdout)["films"]
    assert sum("should be" in line for line in film["notes"]) == len(broken) > 0
    for file in ("film.mp4", "film-again.mp4"):
        again = kinora("rerun", file, "--model", model, "--json")
        assert json.loads(again.stdout)["same_latents"] is True, again.stderr
    kept = read_sidecar(tmp_path / "film-again-again.mp4").options
    assert (kept["verify"], kept["ledger"]) == (2, told["ledger"])
