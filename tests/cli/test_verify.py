"""`kinora verify`: what is signed, what is marked, and what is neither, in every form a film has."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kinora.cli.main import main
from kinora.cli.verify import LOOKED_AT
from kinora.core.clip import Clip
from kinora.media.provenance import load_identity, sign
from kinora.media.watermark import mark
from kinora.media.write import save

pytest.importorskip("c2pa", reason="needs the extra: pip install kinora[provenance]")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def light(*, marked: bool) -> Clip:
    """Soft light that moves."""
    rows, columns = np.mgrid[:128, :192]
    shades = [
        np.stack([120 + 60 * np.sin(columns / 40 + time / 5), 100 + rows / 2, columns / 2], -1)
        for time in range(6)
    ]
    frames = [each.astype(np.uint8) for each in shades]
    return Clip(np.stack([mark(each) if marked else each for each in frames]), 8.0)


def told(file: str, capsys: Capture, *, code: int = 0) -> Any:
    capsys.readouterr()
    assert main(["verify", file, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.webp", "a-%04d.png", "folder"])
def test_the_mark_is_found_in_every_form(name: str, capsys: Capture) -> None:
    for marked in (False, True):
        Path("folder").mkdir(exist_ok=True)
        for old in Path().rglob("*.png"):
            old.unlink()
        save(light(marked=marked), Path(name))
        found = told(name, capsys)
        assert found["manifest"]["state"] == "none"
        assert found["watermark"]["found"] is marked


def test_what_is_signed_is_known_by_its_bytes_and_not_by_its_name(capsys: Capture) -> None:
    save(light(marked=True), Path("drawn.mp4"))
    identity = load_identity(Path("identity"))
    sign(Path("drawn.mp4"), Path("a.mp4"), identity=identity, recipe={"seed": 7}, title="film")
    Path("a.mp4").rename("a.bin")
    assert told("a.bin", capsys)["manifest"]["recipe"] == {"seed": 7}
    data = bytearray(Path("a.bin").read_bytes())
    data[-200] ^= 1
    Path("a.bin").write_bytes(data)
    assert main(["verify", "a.bin"]) == 6
    assert "was changed after it was signed" in capsys.readouterr().err


def test_a_long_film_is_looked_at_in_part(capsys: Capture) -> None:
    clip = light(marked=True)
    plain = np.repeat(light(marked=False).frames[:1], LOOKED_AT, 0)
    save(Clip(np.concatenate([plain, *[clip.frames] * 30]), 8.0), Path("a.mp4"))
    assert told("a.mp4", capsys)["watermark"]["found"] is False


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("none.mp4", 3, "there is no file none.mp4"),
        ("none-%04d.png", 3, "there is no file none-%04d.png"),
        (".", 6, ". is not a file"),
        ("words.txt", 6, "words.txt is not a video or image"),
    ],
)
def test_what_cannot_be_looked_at_is_told_in_a_line(
    name: str, code: int, why: str, capsys: Capture
) -> None:
    Path("words.txt").write_text("a red ball")
    Image.new("RGB", (8, 8)).save("0002.png")
    assert main(["verify", name]) == code
    error = capsys.readouterr().err
    assert why in error
    assert len(error.splitlines()) == 1
