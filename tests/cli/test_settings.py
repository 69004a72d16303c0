"""An option is what was typed, else what the environment, the project or the user says."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer

from kinora.cli import main as cli


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run a verb with the options `--steps` and `--no-metadata`, and return what it understood."""

    def verb(
        *,
        steps: int = 25,
        silent: Annotated[bool, typer.Option("--no-metadata")] = False,
    ) -> None:
        print(steps, silent)

    (tmp_path / "config" / "kinora").mkdir(parents=True)
    (tmp_path / "project" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "deep")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("KINORA_STEPS", raising=False)
    monkeypatch.setattr(cli, "implementation", lambda _: verb)

    def run(*words: str) -> str:
        code = cli.main(["version", *words])
        captured = capsys.readouterr()
        return captured.out.strip() if code == 0 else f"{code} {captured.err.strip()}"

    return run


def test_precedence(
    told: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told() == "25 False"
    user = tmp_path / "config" / "kinora" / "kinora.toml"
    user.write_text("[version]\nsteps = 1\nno-metadata = true\n[other]\nanything = 1\n")
    assert told() == "1 True"
    (tmp_path / "project" / "kinora.toml").write_text("[version]\nsteps = 2\n")
    assert told() == "2 True"
    monkeypatch.setenv("KINORA_STEPS", "3")
    assert told() == "3 True"
    assert told("--steps", "4") == "4 True"


def test_a_slip_of_the_pen(told: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "project" / "kinora.toml").write_text("[version]\nstepps = 2\n")
    assert told().startswith("2 kinora: unknown setting 'stepps'")
    assert "Did you mean steps?" in told()


def test_a_value_that_does_not_fit(
    told: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINORA_STEPS", "many")
    assert told().startswith("2 kinora: ")
