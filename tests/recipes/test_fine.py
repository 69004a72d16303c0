from pathlib import Path

import pytest

from kinora.autoencoder.fine import FineConfig
from kinora.core.errors import NotFoundError
from kinora.data.pairs import Pairs
from kinora.generate import Request, generate, load, stream
from kinora.models.bundle import enlarged
from kinora.models.store import load_bundle
from kinora.recipes.fine import FineRecipe, train_fine
from kinora.train.fine import FineTaskConfig
from kinora.train.loop import RunConfig
from tiny import tiny_bundle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a decoder that draws twice the side."""
    home = tmp_path_factory.mktemp("fine")
    recipe = FineRecipe(
        pairs=Pairs(name="pairs", count=4, times=2, frames=5, side=48, width=96, height=64),
        unseen=1,
        workers=1,
        task=FineTaskConfig(network=FineConfig(times=2, width=16, depth=1), batch=2),
        run=RunConfig(steps=3, save_every=2),
    )
    train_fine(recipe, home, data=home / "data", bundle=tiny_bundle())
    assert len((home / "sharpness.jsonl").read_text().splitlines()) == 2
    return home / "bundle"


def test_the_bundle_on_disk_draws_twice_the_side(folder: Path) -> None:
    model = load(folder)
    assert "decoder_2x/model.safetensors" in model.checksums()
    wish = Request(("a red ball",), seconds=1.0, steps=2, seed=1)
    plain, large = generate(model, wish), generate(enlarged(model, 2), wish)
    assert (plain.clip.width, plain.clip.height) == (96, 64)
    assert (large.clip.width, large.clip.height) == (192, 128)
    assert len(large.clip) == len(plain.clip)
    assert (large.latents == plain.latents).all()


def test_a_long_film_streams_large(folder: Path) -> None:
    model = enlarged(load(folder), 2)
    frames = list(stream(model, Request(("a red ball",), seconds=6.0, steps=1)))
    assert len(frames) > 1
    assert all(part.shape[1:] == (128, 192, 3) for part in frames)


def test_what_is_missing_is_said_with_what_to_type(folder: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        enlarged(load(folder), 4)
    assert "kinora train fine_4x_tiny --from tiny-test" in str(caught.value.remedy)
    assert "it has one for 2" in str(caught.value.why)


def test_a_decoder_that_the_index_names_must_be_there(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "bundle"))
    shutil.rmtree(copy / "decoder_2x")
    with pytest.raises(NotFoundError, match="decoder_2x"):
        load_bundle(copy)
