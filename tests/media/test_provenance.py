"""A signed film is sound; a flipped byte breaks it, a remux loses the manifest."""

from pathlib import Path

import av
import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.media.provenance import load_identity, read_manifest, sign
from kinora.media.write import save


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    frames = np.random.default_rng(0).integers(0, 255, (8, 64, 96, 3)).astype(np.uint8)
    save(Clip(frames, 8.0), folder / "drawn.mp4")
    recipe = {"seed": 7}
    identity = load_identity(folder / "identity")
    for source, target, parents in (
        ("drawn.mp4", "film.mp4", ()),
        ("drawn.mp4", "edit.mp4", (folder / "film.mp4",)),
    ):
        sign(
            folder / source, folder / target,
            identity=identity, recipe=recipe, title="film", parents=parents,
        )  # fmt: skip
    return folder


@pytest.mark.parametrize("name", ["film.mp4", "edit.mp4"])
def test_sound(signed: Path, name: str) -> None:
    manifest = read_manifest(signed / name)
    assert (manifest.state, manifest.known, manifest.generated) == ("sound", False, True)
    assert manifest.recipe == {"seed": 7}
    assert manifest.made_by.startswith("Kinora ")


def test_one_flipped_byte(signed: Path) -> None:
    data = bytearray((signed / "film.mp4").read_bytes())
    data[-200] ^= 1
    flipped = signed / "flipped.mp4"
    flipped.write_bytes(data)
    manifest = read_manifest(flipped)
    assert manifest.state == "broken"
    assert manifest.problems


def test_a_remux_has_none(signed: Path) -> None:
    remuxed = signed / "remuxed.mp4"
    with av.open(str(signed / "film.mp4")) as source, av.open(str(remuxed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert read_manifest(remuxed).state == "none"
    assert read_manifest(signed / "drawn.mp4").state == "none"


def test_the_identity_is_made_once_and_for_its_owner_alone(signed: Path) -> None:
    folder = signed / "identity"
    assert load_identity(folder) == load_identity(folder)
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0
