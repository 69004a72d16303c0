"""`kinora world` draws contact sheets and data sets, and says what it cannot draw."""

import json
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from kinora.cli.world import world
from kinora.core.errors import UsageError

SMALL = ["--count", "2", "--frames", "1", "--size", "64x48", "--seed", "3"]


def run(*words: str) -> str:
    app = typer.Typer()
    app.command()(world)
    result = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_contact_sheet(tmp_path: Path) -> None:
    out = tmp_path / "sheets" / "world.png"
    assert run(*SMALL, "--out", str(out)).strip() == str(out)
    with Image.open(out) as sheet:
        assert sheet.width == 2 * 64
    assert [path.name for path in out.parent.iterdir()] == ["world.png"]


def test_a_data_set_of_one_kind(tmp_path: Path) -> None:
    told = run(*SMALL, "--out", str(tmp_path), "--mix", "kinds=cone", "--workers", "1", "--json")
    assert json.loads(told) == {"file": str(tmp_path), "clips": 2}
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["00000.npz", "00001.npz"]
    facts = json.loads((tmp_path / "00001.json").read_text())
    assert {thing["kind"] for thing in facts["scene"]["things"]} == {"cone"}


@pytest.mark.parametrize("words", [("--size", "big"), ("--mix", "kinds=dog"), ("--count", "4000")])
def test_what_cannot_be_drawn_is_told(words: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "world.png"
    with pytest.raises(UsageError):
        run(*words, "--out", str(out))
    assert not out.exists()
