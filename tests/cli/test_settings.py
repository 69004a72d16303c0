"""Settings are read where the user stands; a flag that was not typed changes nothing."""

from pathlib import Path

import pytest

from kinora.cli.settings import settings
from kinora.core.config import Config
from kinora.core.errors import UsageError


class Film(Config):
    steps: int = 25
    size: str = "256x160"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("KINORA_STEPS", raising=False)
    (tmp_path / "kinora.toml").write_text("[generate]\nsteps = 8\n")


def test_file_environment_and_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(Film, verb="generate", steps=None) == Film(steps=8)
    monkeypatch.setenv("KINORA_STEPS", "4")
    assert settings(Film, verb="generate", steps=None) == Film(steps=4)
    assert settings(Film, verb="generate", steps=2, assignments=["size=64x64"]) == Film(
        steps=2, size="64x64"
    )


def test_a_slip_of_the_pen() -> None:
    with pytest.raises(UsageError, match="Did you mean size"):
        settings(Film, verb="generate", assignments=["sise=64x64"])
