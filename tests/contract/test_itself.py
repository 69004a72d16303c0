"""The project speaks only of itself: no place on somebody's disk, no host of packages."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

FOREIGN = {
    "a place on somebody's disk": r"(?<![\w.])/(?:root|home|Users|work)/\w",
    "a drive": r"\b[A-Z]:\\\\?\w",
    "a package index": r"--(?:extra-)?index-url|--find-links|--trusted-host|\bPIP_[A-Z]+_URL",
    "the host of a package index": r"https?://[\w.-]*(?:pypi|pythonhosted|artifactory|nexus)",
    "a private network": r"https?://(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)",
    "a conflict": r"^(?:<{7}|>{7}) ",
}
HERE = Path(__file__).name


def tracked(root: Path) -> Iterator[tuple[str, str]]:
    """The text files that a clone holds, or would after the next commit."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("this is no git checkout")
    for name in filter(None, result.stdout.split("\0")):
        path = root / name
        if path.is_file() and path.name != HERE:
            data = path.read_bytes()
            if b"\0" not in data[:8192]:
                yield name, data.decode("utf-8", "replace")


@pytest.mark.parametrize("kind", FOREIGN)
def test_nothing_foreign(kind: str, root: Path) -> None:
    pattern = re.compile(FOREIGN[kind], re.M)
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in tracked(root)
        for match in pattern.finditer(text)
    ]
    assert not found, f"{kind}: " + "; ".join(found[:10])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a place on somebody's disk", "open('/home/me/film.mp4')"),
        ("a drive", r"C:\films"),
        ("a package index", "pip install --index-url x"),
        ("the host of a package index", "https://files.pythonhosted.org/a"),
        ("a private network", "http://192.168.0.7/"),
        ("a conflict", "<<<<<<< HEAD"),
    ],
)
def test_the_patterns_can_find(kind: str, text: str) -> None:
    assert re.search(FOREIGN[kind], text, re.M)
