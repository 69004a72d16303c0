import json
from pathlib import Path

import pytest

from kinora.cli.main import main
from kinora.core.clip import Clip
from kinora.media.write import save
from kinora.world import Mix, render_clip


@pytest.fixture
def still(tmp_path: Path) -> Path:
    mix = Mix(
        min_things=1, max_things=1, kinds=("ring",), colours=("blue",), grounds=("snow",),
        lights=("noon",),
    )  # fmt: skip
    file = tmp_path / "still.png"
    save(Clip(render_clip(42_000_000, mix=mix, frames=1).frames, 8.0), file)
    return file


def test_a_picture_is_told_in_words_and_facts(
    still: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["caption", str(still)]) == 0
    assert "a blue ring on snow at noon" in capsys.readouterr().out
    assert main(["caption", str(still), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["things"][0]["kind"]["answer"] == "ring"
    assert told["ground"]["sure"] > 0.6
    assert told["words"]["tags"] == "blue ring, snow, noon"


def test_what_is_no_picture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "text.mp4"
    file.write_text("no film")
    assert main(["caption", str(file)]) == 6
    assert "text.mp4" in capsys.readouterr().err
