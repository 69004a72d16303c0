"""A file is there whole or not at all. In: the name wanted. Out: a path that becomes it.

The unfinished path lies beside the target (same disk, so the last step is one rename) and is
removed on any exception. What a killed process left behind is swept by the next writer.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinora.core.errors import KinoraError, NotFoundError, OutOfMemoryError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PART = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)\.part")


@contextmanager
def unfinished(target: Path, *, folder: bool = False) -> Iterator[Path]:
    """A path to write to, which becomes `target` when the block ends well.

    Args:
        target: the file wanted; an older one of that name is replaced.
        folder: make a folder instead, whose files move beside `target` in the end.

    Raises:
        NotFoundError: the folder of `target` does not exist.
        OutOfMemoryError: the disk is full.
        KinoraError: the disk refuses for any other reason.
    """
    part = target.parent / f".{target.name}.{os.getpid()}.part"
    with telling(target):
        _sweep(target)
        if folder:
            part.mkdir()
        else:
            part.open("xb").close()
    try:
        yield part
        with telling(target):
            _complete(part, target)
    finally:
        _remove(part)


def write_bytes(target: Path, data: bytes) -> None:
    """Write a small file as a whole; raises like `unfinished`."""
    with unfinished(target) as part, telling(target):
        part.write_bytes(data)


@contextmanager
def telling(target: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into what it means for the user who wants `target`."""
    try:
        yield
    except OSError as error:
        raise _disk_error(error, target) from error


def check_folder(target: Path) -> None:
    """Raise `NotFoundError`, as writing `target` would, if its folder does not exist."""
    if not target.parent.is_dir():
        raise _disk_error(FileNotFoundError(errno.ENOENT, ""), target)


def _disk_error(error: OSError, target: Path) -> KinoraError:
    why = os.strerror(error.errno) if error.errno else str(error)
    what = f"cannot write {target}"
    if error.errno in FULL:
        return OutOfMemoryError(what, why=why, remedy="Free some space or choose another --out")
    if error.errno == errno.ENOENT and not target.parent.is_dir():
        why = f"the folder {target.parent} does not exist"
        return NotFoundError(what, why=why, remedy=f"Run mkdir -p '{target.parent}'")
    return KinoraError(what, why=why, remedy="Choose a place you may write to with --out")


def _complete(part: Path, target: Path) -> None:
    if not part.is_dir():
        _sync(part)
        part.replace(target)
        return
    files = sorted(part.iterdir())
    # A disk that is full says so here, before the first of them has moved.
    for file in files:
        _sync(file)
    for file in files:
        file.replace(target.parent / file.name)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sweep(target: Path) -> None:
    """Remove what processes that no longer run left of this very target."""
    for path in target.parent.glob(".*.part"):
        match = PART.fullmatch(path.name)
        if match and match["name"] == target.name and not runs(int(match["process"])):
            _remove(path)


def runs(process: int) -> bool:
    """Whether a process of this number is there; where that cannot be asked, yes."""
    if os.name == "nt":
        # Signal 0 is Ctrl-C there, not a question.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
