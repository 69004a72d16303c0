"""What a sidecar says survives the disk and the container, and what it cannot say is an error."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.core.errors import BadMediaError, KinoraError, NotFoundError
from kinora.media.probe import probe
from kinora.media.sidecar import (
    Model,
    Parent,
    Sampling,
    Shot,
    Sidecar,
    Size,
    parse,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)
from kinora.media.write import save


@pytest.fixture
def sidecar() -> Sidecar:
    return Sidecar(
        verb="generate",
        created="2026-11-22T18:00:00Z",
        shots=(Shot(prompt="ein Ball fällt — ☂", expansion="A red ball falls.", seconds=4),),
        seed=7,
        asked=Size(width=250, height=160, frames=48, fps=12),
        made=Size(width=256, height=160, frames=49, fps=12),
        sampling=Sampling(solver="euler", steps=8, guidance=3.5),
        model=Model(id="film-tiny", weights={"transformer.safetensors": "ab" * 32}),
        options={"n": 2},
        parents=(Parent(file="first.png", sha256="cd" * 32),),
        versions={"kinora": "0.1.0"},
        timings={"denoise": 3.25},
    )


@pytest.fixture
def film(tmp_path: Path, sidecar: Sidecar) -> Path:
    path = tmp_path / "film.mp4"
    save(Clip(np.zeros((4, 32, 32, 3), np.uint8), 12), path, comment=sidecar.recipe())
    return path


def test_it_survives_the_disk(film: Path, sidecar: Sidecar) -> None:
    written = write_sidecar(sidecar, film)
    assert read_sidecar(film) == written
    assert written.output is not None
    assert written.output.sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
    assert written.output.bytes == film.stat().st_size
    assert written.model_copy(update={"output": None}) == sidecar


@pytest.mark.parametrize(
    "name", ["film.mp4", "film.mov", "film.gif", "film.webp", "a.png", "a.jpg"]
)
def test_its_copy_survives_the_container(name: str, sidecar: Sidecar, tmp_path: Path) -> None:
    frames = 1 if name.startswith("a") else 4
    pixels = np.random.default_rng(0).integers(0, 256, (frames, 32, 32, 3), dtype=np.uint8)
    save(Clip(pixels, 12), tmp_path / name, comment=sidecar.recipe())
    copy = parse(probe(tmp_path / name).comment, origin=name)
    assert copy == sidecar.model_copy(update={"timings": {}})


def test_without_words(sidecar: Sidecar) -> None:
    options = {"hd": 2, "views": [[1, 0, None]], "words": [[0, 0, None]], "negative": "a cone"}
    bare = sidecar.model_copy(update={"options": options}).without_words()
    assert "Ball" not in bare.model_dump_json()
    assert bare.options == {"hd": 2, "views": [[1, 0, None]]}
    assert (bare.seed, bare.model) == (sidecar.seed, sidecar.model)


def test_a_newer_schema(film: Path, sidecar: Sidecar) -> None:
    write_sidecar(sidecar, film)
    values = json.loads(sidecar_path(film).read_text()) | {"schema_version": 2, "dreams": True}
    sidecar_path(film).write_text(json.dumps(values))
    with pytest.raises(KinoraError, match="newer Kinora") as caught:
        read_sidecar(film)
    assert caught.value.remedy == "Upgrade Kinora"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"schema_version": 1, "verb": 3}'])
def test_damaged_sidecars(text: str, film: Path) -> None:
    sidecar_path(film).write_text(text)
    with pytest.raises(BadMediaError, match="is not a sidecar") as caught:
        read_sidecar(film)
    assert "\n" not in caught.value.line()


def test_no_sidecar(film: Path) -> None:
    with pytest.raises(NotFoundError):
        read_sidecar(film)
