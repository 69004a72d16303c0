"""Python's door: `kinora.load()` films as the command line does."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kinora
from kinora.core.errors import NotFoundError, UsageError
from kinora.core.progress import Progress
from kinora.generate import Request, generate
from kinora.media.read import read
from kinora.timeline.filmmaker import Filmmaker
from tiny import FPS, HEIGHT, STEPS, WIDTH, tiny_model_folder, tiny_student

__all__ = ["tiny_model_folder"]

PROMPT = "a red ball rolls"


@pytest.fixture(scope="module")
def maker(tiny_model_folder: Path) -> Filmmaker:
    return kinora.load(tiny_model_folder)


def test_a_clip_of_words(maker: Filmmaker) -> None:
    told = list[Progress]()
    clip = maker.generate(PROMPT, seconds=1, seed=7, on_progress=told.append)
    assert (len(clip), clip.height, clip.width, clip.fps) == (9, HEIGHT, WIDTH, FPS)
    assert {each.stage for each in told} == {"denoise", "decode"}
    same = generate(maker.model, Request((PROMPT,), seconds=1, seed=7)).clip
    assert np.array_equal(clip.frames, same.frames)


def test_the_seed_and_what_was_not_understood_are_told(maker: Filmmaker) -> None:
    one, two = (maker.film("a red zebra", seconds=1, preset="draft") for _ in range(2))
    assert one.request.seed != two.request.seed
    assert one.request.steps == STEPS[0]
    assert one.notes[0] == "'zebra' is not a word this model knows"
    again = maker.generate("a red zebra", seconds=1, preset="draft", seed=one.request.seed)
    assert np.array_equal(one.clip.frames, again.frames)


def test_sizes_are_typed_or_counted_width_first(maker: Filmmaker) -> None:
    for size in ("96x64", (96, 64)):
        still = maker.generate(PROMPT, size=size, image=True, steps=1)
        assert (len(still), still.width, still.height) == (1, 96, 64)


def test_what_cannot_be_is_told(maker: Filmmaker) -> None:
    with pytest.raises(UsageError, match="Try draft, standard, best"):
        maker.generate(PROMPT, preset="fast")
    with pytest.raises(UsageError, match="seconds"):
        maker.generate(PROMPT, seconds=0)
    with pytest.raises(UsageError, match="256x160"):
        maker.generate(PROMPT, size="large")
    with pytest.raises(NotFoundError, match="no model called 'nonesuch'"):
        kinora.load("nonesuch")


def test_the_teacher_answers_where_the_command_line_asks_it(tmp_path: Path) -> None:
    maker = kinora.load(tiny_student(tmp_path))
    assert (maker.model.name, maker.teacher.name) == ("few", "many")
    plain, pushed = Request((PROMPT,)), Request((PROMPT,), negative="a cone")
    assert maker.answering(plain, "standard") is maker.model
    assert maker.answering(plain, "best") is maker.answering(pushed, "draft") is maker.teacher
    assert maker.answering(replace(pushed, guidance=2.0), "best") is maker.model
    best = maker.film(PROMPT, seconds=0.5, preset="best", seed=1)
    assert (best.request.steps, best.request.guidance) == (STEPS[2], 3.0)


def test_the_page_of_the_studio_does_what_it_says(
    root: Path, tiny_model_folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    page = (root / "docs" / "studio.md").read_text()
    block = re.search(r"^## From Python$.*?^```python\n(.*?)^```", page, re.M | re.S)
    assert block
    assert "kinora.load()" in block[1]
    small = block[1].replace("kinora.load()", f"kinora.load({str(tiny_model_folder)!r})")
    monkeypatch.chdir(tmp_path)
    exec(compile(small.replace("256x160", "64x64"), "studio.md", "exec"), {})
    assert len(read(Path("film.mp4")).clip) == 33
    assert len(read(Path("loop.mp4")).clip) > 33 + 16
    assert "grass" not in capsys.readouterr().out
