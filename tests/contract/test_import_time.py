"""What costs seconds to import stays out of the way of `import kinora` and `kinora --help`."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "mujoco", "numba", "av", "diffusers", "transformers", "fastapi")

PROGRAM = """
import sys
{act}
print(",".join(name for name in {heavy} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "act",
    [
        "import kinora",
        "from kinora.cli.main import main; main(['--help'])",
        "from kinora.cli.main import main; main(['version'])",
        "from kinora.cli.main import VERBS, implementation; [implementation(v) for v in VERBS]",
    ],
    ids=["import", "help", "version", "every-verb"],
)
def test_nothing_heavy_is_imported(act: str) -> None:
    program = PROGRAM.format(act=act, heavy=HEAVY)
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == ""


def test_the_check_can_fail() -> None:
    program = PROGRAM.format(act="import torch", heavy=HEAVY)
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "torch" in result.stdout.splitlines()[-1]
