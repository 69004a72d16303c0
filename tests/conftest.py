"""What every test shares: shapes checked at run time, the command line, system packages.

jaxtyping and beartype are switched on here and nowhere else, so that users never pay for them.
"""

import os
import re
import shutil
import subprocess
import sys

# Before torch is there: two tests run side by side, and their processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "kinora"
COMPILED = re.compile(r"^(import numba|from numba)|^ *@(compiled|njit|jit)\b", re.M)


def _checked_modules() -> list[str]:
    """Every module except those that others read: numba compiles functions as they are, and the
    server's annotations are SQLAlchemy's and FastAPI's to interpret.
    """
    return [
        ".".join(("kinora", *path.relative_to(SOURCE).with_suffix("").parts))
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py"
        and "serve" not in path.parts
        and not COMPILED.search(path.read_text())
    ]


# As in PEP 484, an int will do where a float is asked for. An annotation that beartype cannot
# read (`typing.Self`, say) stays unchecked: see `filterwarnings` in pyproject.toml.
CHECKER = (
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True, "
    "warning_cls_on_decorator_exception=beartype.roar.BeartypeClawDecorWarning))"
)
_hook = install_import_hook(_checked_modules(), CHECKER)

Kinora = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture
def kinora(tmp_path: Path) -> Kinora:
    """The command line as a process of its own, in an empty folder: `kinora("info", path)`."""

    def run(*words: object, **environ: str) -> "subprocess.CompletedProcess[str]":
        program = "from kinora.cli.main import run; run()"
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", program, *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def needs() -> Callable[..., str]:
    """`needs("chromium")` is its path; where it is absent the test is skipped, in CI it fails."""

    def require(program: str, *, package: str | None = None) -> str:
        found = shutil.which(program)
        if found:
            return found
        reason = f"needs {program}: install the system package {package or program}"
        if os.environ.get("KINORA_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return require
