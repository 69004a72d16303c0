"""A bundle on disk: written, read back, and found out when damaged."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kinora.core.errors import NotFoundError
from kinora.denoise.canvas import OUTSIDE_TIME, Canvas
from kinora.generate import load
from kinora.models.store import CHANGE, empty_bundle, load_bundle, save_bundle, save_change
from kinora.serve.card import model_card
from kinora.transformer.model import Transformer
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


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A model, and beside it another that is a change of it in rank 2."""
    base = load_bundle(save_bundle(tiny_bundle(), tmp_path / "tiny-test"))
    network = Transformer(base.transformer.config)
    network.load_state_dict(base.transformer.state_dict())
    with torch.no_grad():
        thin = torch.randn(64, 2), torch.randn(2, 256)
        network.blocks[0].mlp.outward.weight += 0.02 * thin[0] @ thin[1]
    index = base.index.model_copy(update={"name": "tiny-few", "guidance": 1.0})
    save_change(
        replace(base, index=index, transformer=network), base, tmp_path / "tiny-few", rank=2
    )
    return tmp_path


def test_a_change_is_read_with_its_base(pair: Path) -> None:
    base, few = load_bundle(pair / "tiny-test"), load_bundle(pair / "tiny-few")
    assert few.name == "tiny-few"
    assert few.capabilities.guidance == 1.0
    assert few.checksums() == base.checksums() | {CHANGE: few.index.sha256[CHANGE]}
    before, after = base.transformer.state_dict(), few.transformer.state_dict()
    differs = [name for name in before if not torch.equal(before[name], after[name])]
    assert differs == ["blocks.0.mlp.outward.weight"]
    assert (pair / "tiny-few" / CHANGE).stat().st_size < 8000
    card = model_card(str(pair / "tiny-few"))
    assert (card.name, card.owner) == ("tiny-few", "local")
    assert model_card("kinora-tiny").owner == "kinora"
    assert empty_bundle(pair / "tiny-few").transformer.config == base.transformer.config


def test_a_change_of_other_weights_is_refused(pair: Path) -> None:
    save_bundle(tiny_bundle(seed=1), pair / "tiny-test")
    with pytest.raises(NotFoundError, match="other weights of tiny-test"):
        load(pair / "tiny-few")


def test_a_change_without_its_base_names_it(pair: Path) -> None:
    shutil.rmtree(pair / "tiny-test")
    with pytest.raises(NotFoundError, match="a change of tiny-test, which is not there"):
        load(pair / "tiny-few")


def test_a_damaged_change_is_noticed(pair: Path) -> None:
    file = pair / "tiny-few" / CHANGE
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(NotFoundError, match="sha256"):
        load(pair / "tiny-few")


def test_a_change_of_another_network_is_noticed_even_without_a_checksum(pair: Path) -> None:
    index = json.loads((pair / "tiny-few" / "model_index.json").read_text())
    index["sha256"].pop(CHANGE)
    (pair / "tiny-few" / "model_index.json").write_text(json.dumps(index))
    save_file({"nowhere.weight": torch.ones(2, 2)}, pair / "tiny-few" / CHANGE)
    with pytest.raises(NotFoundError, match="does not fit"):
        load(pair / "tiny-few")
