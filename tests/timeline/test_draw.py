"""Latents are decoded once more: the same frames, by nobody else's model, and without the video."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.core.errors import BadMediaError, NotFoundError, UnsupportedError
from kinora.generate import Film, Request, generate
from kinora.models.bundle import Bundle
from kinora.timeline.deliver import deliver, latents_path, sidecar_of
from kinora.timeline.draw import draw, film_of
from tiny import tiny_bundle


@pytest.fixture
def file(model: Bundle, film: Film, tmp_path: Path) -> Path:
    """Where a film was: its sidecar and latents are left."""
    file = tmp_path / "a.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), file)
    file.unlink()
    return file


def test_latents_lie_beside_a_film() -> None:
    assert film_of(Path("x/a.mp4.latents")) == Path("x/a.mp4")
    assert film_of(Path("x/f-0000.png.latents")) == Path("x/f-0000.png")
    assert film_of(Path("x/a.mp4")) is film_of(Path("latents")) is None


def test_the_same_frames_come_out(model: Bundle, film: Film, file: Path) -> None:
    assert np.array_equal(draw(file, model).frames, film.clip.frames)


def test_a_film_of_several_windows_is_decoded_as_one(model: Bundle, tmp_path: Path) -> None:
    wish = Request(("a red ball",), seconds=5.0, height=64, width=64, seed=1)
    long = generate(model, wish)
    deliver(long, sidecar_of(long, model, verb="generate"), tmp_path / "a.mp4")
    apart = np.abs(draw(tmp_path / "a.mp4", model).frames.astype(int) - long.clip.frames)
    assert apart.max() <= 1, "to within rounding"


def test_another_models_and_damaged_latents_are_refused(
    model: Bundle, film: Film, file: Path
) -> None:
    other = tiny_bundle()
    index = other.index.model_copy(update={"sha256": {"autoencoder/model.safetensors": "0"}})
    told = sidecar_of(film, replace(other, index=index), verb="generate")
    deliver(film, told, file)
    with pytest.raises(UnsupportedError, match="cannot read"):
        draw(
            file, replace(other, index=index.model_copy(update={"sha256": {"autoencoder/a": "1"}}))
        )
    wide = replace(film, latents=torch.cat([film.latents, film.latents], 1))
    deliver(wide, sidecar_of(film, model, verb="generate"), file)
    with pytest.raises(UnsupportedError, match="cannot read"):
        draw(file, model)
    latents_path(file).write_bytes(b"no latents")
    with pytest.raises(BadMediaError, match="damaged"):
        draw(file, model)
    latents_path(file).unlink()
    with pytest.raises(NotFoundError, match="no file"):
        draw(file, model)
