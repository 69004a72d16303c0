"""Style, types and layers hold, so that `pytest` alone says whether the house stands."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = {
    "ruff": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy",),
    "layers": ("lint-imports",),
}


def command(check: str) -> list[str]:
    """The check's command line with the program of this very environment."""
    name, *words = CHECKS[check]
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} is missing: pip install -c constraints.txt -e '.[dev]'"
    return [found, *words]


def run(check: str, *, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(check), cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_passes(check: str, root: Path) -> None:
    result = run(check, cwd=root)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def house(tmp_path: Path, root: Path) -> Path:
    """A tiny package under the repository's contract: `core` below, `nn` and `media` above."""
    shutil.copy(root / "pyproject.toml", tmp_path)
    for folder in ("", "core", "nn", "media"):
        package = tmp_path / "kinora" / folder
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
    return tmp_path


def test_a_tree_with_few_folders_keeps_the_contract(house: Path) -> None:
    (house / "kinora/media/file.py").write_text("import kinora.core\n")
    result = run("layers", cwd=house)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("core", "import kinora.media"),
        ("nn", "import kinora.media"),
        ("core", "def late():\n    import kinora.nn"),
        ("core", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import kinora.nn"),
    ],
    ids=["upwards", "sideways", "late", "type-checking"],
)
def test_a_wrong_import_breaks_the_contract(house: Path, importer: str, line: str) -> None:
    (house / f"kinora/{importer}/file.py").write_text(line + "\n")
    result = run("layers", cwd=house)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "The river flows one way BROKEN" in result.stdout


def test_a_folder_outside_the_rows_breaks_the_contract(house: Path) -> None:
    drawer = house / "kinora/utils"
    drawer.mkdir()
    (drawer / "__init__.py").write_text("")
    result = run("layers", cwd=house)
    assert result.returncode == 1
    assert "utils" in result.stdout
