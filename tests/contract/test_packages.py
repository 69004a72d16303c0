"""What a test needs of the system is skipped where it is absent, and demanded in CI."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def test_what_is_there_is_found(needs: Callable[..., str]) -> None:
    assert Path(needs("git")).exists()


def test_what_is_absent_is_skipped_with_its_package(
    needs: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KINORA_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="install the system package kinema"):
        needs("no-such-program", package="kinema")


def test_in_ci_it_is_a_failure(needs: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINORA_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="install the system package no-such-program"):
        needs("no-such-program")


def test_the_way_to_ci_is_a_script_that_parses(root: Path, needs: Callable[..., str]) -> None:
    script = root / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    subprocess.run([needs("bash"), "-n", str(script)], check=True)
    assert "export KINORA_CI=1" in script.read_text()
