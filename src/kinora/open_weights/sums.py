"""Whether weights are what they should be. In: a folder. Out: the sha256 of each file, or what is damaged."""

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from kinora.core.errors import NotFoundError
from kinora.core.progress import OnProgress, Progress, silent
from kinora.open_weights.folder import Folder, flaw

SUMS = "SHA256SUMS"
OTHER_SUM = "its sha256 is not the one its publisher states"


def verify(folder: Folder, *, on_progress: OnProgress = silent) -> dict[str, str]:
    """Check every weights file, and return its sha256.

    Raises:
        NotFoundError: a file is missing, shorter than its header says, or its bytes are not the publisher's.
        UsageError: the weights are pickled.
    """
    files = list(_weights(folder))
    for name, file in files:
        if why := flaw(file):
            again = folder.fetch_again(instead_of=file)
            raise damaged(f"{folder.name}/{name}", why=why, remedy=again)
    sums = {}
    for count, (name, file) in enumerate(files, start=1):
        expected, actual = expected_sum(folder, name, file), sha256(file)
        if expected is not None and actual != expected:
            again = folder.fetch_again(instead_of=file)
            raise damaged(f"{folder.name}/{name}", why=OTHER_SUM, remedy=again)
        sums[name] = actual
        on_progress(Progress("verify", count, len(files), preview=name))
    return sums


def unstated(folder: Folder) -> list[str]:
    """The weights files whose sha256 nobody states, so that `verify` cannot tell other bytes from theirs."""
    return [name for name, file in _weights(folder) if expected_sum(folder, name, file) is None]


def checksums(folder: Folder) -> dict[str, str]:
    """File name -> sha256 of the weights: the publisher's where it is known, else computed."""
    return {
        name: expected_sum(folder, name, file) or _sum_of(file, file.stat().st_mtime_ns)
        for name, file in _weights(folder)
    }


def expected_sum(folder: Folder, name: str, file: Path) -> str | None:
    """What a file's sha256 should be: the cache names its blobs so, a folder may hold `SHA256SUMS`."""
    blob = file.resolve().name
    if file.is_symlink() and re.fullmatch(r"[0-9a-f]{64}", blob):
        return blob
    listed = folder.path / SUMS
    if not listed.exists():
        return None
    lines = (line.split(maxsplit=1) for line in listed.read_text().splitlines() if line.strip())
    return {path.lstrip("*"): total for total, path in lines}.get(name)


def sha256(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _weights(folder: Folder) -> Iterator[tuple[str, Path]]:
    for component in folder.networks():
        for file in folder.weights(component):
            yield f"{component}/{file.name}", file


@lru_cache(maxsize=256)
def _sum_of(file: Path, modified: int) -> str:
    del modified  # part of the key: a file that changed is read again
    return sha256(file)


def damaged(file: str, *, why: str, remedy: str) -> NotFoundError:
    """The error for a file whose bytes are not what they should be."""
    return NotFoundError(f"{file} is damaged", why=why, remedy=remedy)
