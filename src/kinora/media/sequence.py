"""A film as numbered pictures. In: `frame-%04d.png`, or a folder. Out: its pictures, and where else to write.

What lies beside a film bears its name; beside a sequence it bears that of picture 0, which never is.
"""

import re
from itertools import count, takewhile
from pathlib import Path

NUMBER = re.compile(r"%0?\d*d")


def sequence_of(path: Path) -> Path | None:
    """The numbered name of a picture sequence, or `None` if `path` asks for a single file.

    An existing folder asks for `0001.png` and on inside it.
    """
    if path.is_dir():
        return path / "%04d.png"
    return path if NUMBER.search(path.name) else None


def numbered(sequence: Path, number: int) -> Path:
    """One picture of a sequence."""
    return sequence.with_name(NUMBER.sub(lambda found: found[0] % number, sequence.name))


def pictures(path: Path) -> tuple[Path, ...]:
    """The pictures of a sequence that are there, from 1 on up to the first gap; none of a single file."""
    sequence = sequence_of(path)
    if sequence is None:
        return ()
    return tuple(takewhile(Path.is_file, (numbered(sequence, each) for each in count(1))))


def files_of(path: Path) -> tuple[Path, ...]:
    """The file, or the pictures of a sequence in order; nothing of what is not there."""
    return (path,) if path.is_file() else pictures(path)


def plain(path: Path) -> Path:
    """The name itself; of a sequence that of its picture 0, `frame-0000.png`."""
    sequence = sequence_of(path)
    return path if sequence is None else numbered(sequence, 0)


def beside(path: Path, suffix: str) -> Path:
    """`clip.mp4` -> `clip.mp4.json`, `frame-%04d.png` -> `frame-0000.png.json`."""
    name = plain(path)
    return name.with_name(name.name + suffix)
