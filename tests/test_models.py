"""A bundle on disk: written, read back, and found out when damaged."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from kinora.core.errors import NotFoundError
from kinora.denoise.canvas import OUTSIDE_TIME, Canvas
from kinora.generate import load
from kinora.models import load_bundle, save_bundle
from tiny import tiny_bundle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "bundle"))


def test_weights_come_back_to_half_precision(folder: Path) -> None:
    made, read = tiny_bundle(), load_bundle(folder)
    for name, value in made.transformer.state_dict().items():
        assert torch.equal(value.half().float(), read.transformer.state_dict()[name]), name
    assert read.tokenizer.words() == made.tokenizer.words()
    assert set(read.checksums()) == {
        f"{network}/model.safetensors" for network in ("autoencoder", "text", "transformer")
    }


def test_one_flipped_byte_is_noticed(copy: Path) -> None:
    file = copy / "transformer" / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(NotFoundError, match="sha256"):
        load(copy)


def test_truncated_weights_are_noticed_even_without_a_checksum(copy: Path) -> None:
    index = json.loads((copy / "model_index.json").read_text())
    (copy / "model_index.json").write_text(json.dumps(index | {"sha256": {}}))
    file = copy / "text" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(NotFoundError, match="does not fit"):
        load(copy)


@pytest.mark.parametrize(
    "missing", ["model_index.json", "text/config.json", "text/model.safetensors"]
)
def test_a_missing_file_is_named(copy: Path, missing: str) -> None:
    (copy / missing).unlink()
    with pytest.raises(NotFoundError):
        load(copy)


def test_a_config_of_another_size_is_noticed(copy: Path) -> None:
    file = copy / "transformer" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"width": 128}))
    with pytest.raises(NotFoundError, match="does not fit"):
        load(copy)


def test_a_frame_is_told_how_long_its_film_has_lasted() -> None:
    bundle = tiny_bundle()
    text = bundle.read(["a red ball"])
    latents = torch.zeros(4, 48, 4, 6)
    seconds = 0.5 * torch.arange(4.0)

    def told(time: torch.Tensor, *, now: float = 0.0) -> list[float]:
        still = torch.zeros(4, dtype=torch.long)
        canvas = Canvas(latents, level=torch.ones(4), time=time, view=still, text=still)
        place = bundle.place(canvas, text, rows=1, now=now)
        return [*(place.time[0] + place.start)]

    assert told(seconds) == [0.0, 0.5, 1.0, 1.5]
    assert told(30 + seconds, now=30.0) == [30.0, 30.5, 31.0, 31.5]  # as a stream sees its chunk
    assert told(seconds - 1) == [0.0, 0.5, 1.0, 1.5]  # extended backward: it begins with its first
    reference = torch.tensor([OUTSIDE_TIME, 0.0, 0.5, 1.0])
    assert told(reference)[0] < -1000 and told(reference)[1:] == [0.0, 0.5, 1.0]


def test_an_unknown_name_tells_what_there_is() -> None:
    with pytest.raises(NotFoundError, match="no model called 'nonesuch'"):
        load("nonesuch")
