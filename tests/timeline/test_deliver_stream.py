"""A film written while it is made is the film made at once; what was dreamt is never lost."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kinora.core.errors import CancelledError
from kinora.core.progress import Progress
from kinora.generate import Request, generate
from kinora.media.measure import drift, tally
from kinora.media.read import read
from kinora.media.sidecar import read_sidecar
from kinora.models.bundle import Bundle
from kinora.timeline.deliver import latents_path
from kinora.timeline.deliver_stream import deliver_stream

WISH = Request(("a red ball",), seconds=6.0, height=64, width=64, steps=1, seed=3)


@pytest.mark.parametrize("kind", ["model", "causal"])
def test_the_same_film_as_at_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model: Bundle = request.getfixturevalue(kind)
    file = tmp_path / "a.mp4"
    sidecar, notes = deliver_stream(model, WISH, file)
    whole = generate(model, WISH)
    assert torch.equal(load_file(latents_path(file))["latents"], whole.latents)
    assert len(read(file).clip) == len(whole.clip) == 49
    assert read_sidecar(file) == sidecar
    assert sidecar.made is not None
    assert sidecar.made.frames == 49
    windows = "tiny-test has no memory: the film is made in windows that overlap"
    assert notes == (() if kind == "causal" else (windows,))


def test_the_drift_of_a_long_film_is_that_of_all_its_frames(causal: Bundle, tmp_path: Path) -> None:
    wish = replace(WISH, seconds=10.0)
    sidecar, _ = deliver_stream(causal, wish, tmp_path / "a.mp4")
    assert sidecar.measured.drift is not None
    assert sidecar.measured.drift == drift(tally(generate(causal, wish).clip.frames))
    short, _ = deliver_stream(causal, WISH, tmp_path / "b.mp4")
    assert short.measured.drift is None


def test_what_was_dreamt_is_there_when_the_rest_fails(causal: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"

    def stop(progress: Progress) -> None:
        if progress.stage == "denoise" and progress.done == 3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        deliver_stream(causal, WISH, file, on_progress=stop)
    assert not file.exists()
    assert len(load_file(latents_path(file))["latents"]) == 6


def test_an_older_film_keeps_its_latents_until_the_new_one_is_there(
    causal: Bundle, tmp_path: Path
) -> None:
    file = tmp_path / "a.mp4"
    deliver_stream(causal, WISH, file)
    older = latents_path(file).read_bytes()

    def stop(progress: Progress) -> None:
        if progress.stage == "denoise" and progress.done == 3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        deliver_stream(causal, replace(WISH, seed=4), file, on_progress=stop)
    assert latents_path(file).read_bytes() == older
    deliver_stream(causal, replace(WISH, seed=4), file)
    whole = generate(causal, replace(WISH, seed=4))
    assert torch.equal(load_file(latents_path(file))["latents"], whole.latents)


def test_unknown_words_are_told(model: Bundle, tmp_path: Path) -> None:
    wish = Request(("a red dragon",), seconds=1.0, height=64, width=64, steps=1)
    _, notes = deliver_stream(model, wish, tmp_path / "a.mp4")
    assert notes == (
        "'dragon' is not a word this model knows",
        "things this model knows: ball, cube, cone",
    )
