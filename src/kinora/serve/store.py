"""Where artefacts live. In: keys such as `videos/video_1/film.mp4`, files. Out: the same bytes later.

A key is there whole or not at all, for every process and every machine that shares the store.
"""

import os
import re
import shutil
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, BinaryIO, cast

from kinora.core.errors import NotFoundError

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)+")


class Store(ABC):
    """Bytes by key. Keys that would leave the store are refused before anything is touched."""

    @abstractmethod
    def put(self, key: str, file: Path) -> None:
        """Keep a copy of `file` under `key`, replacing what was there."""

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """A seekable stream; raises `NotFoundError`."""

    @abstractmethod
    def size(self, key: str) -> int | None:
        """Bytes under `key`, None if there are none."""

    @abstractmethod
    def delete(self, prefix: str) -> None:
        """Forget every key below `prefix`; nothing happens if there is none."""

    @abstractmethod
    def names(self, folder: str) -> set[str]:
        """What lies directly in the folder `videos`, `characters` or `files`."""

    @abstractmethod
    def usage(self) -> int:
        """Bytes of all keys together."""

    def fetch(self, key: str, file: Path) -> bool:
        """Copy what is under `key` to `file`; False if there is nothing."""
        if self.size(key) is None:
            return False
        with self.open(key) as source, file.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return True

    def put_bytes(self, key: str, data: bytes, *, scratch: Path) -> None:
        """Keep `data` under `key`, by way of a file in `scratch`."""
        scratch.mkdir(parents=True, exist_ok=True)
        file = scratch / f"{uuid.uuid4().hex}.bytes"
        try:
            file.write_bytes(data)
            self.put(key, file)
        finally:
            file.unlink(missing_ok=True)

    def read_bytes(self, key: str) -> bytes:
        """Everything under `key`; raises `NotFoundError`."""
        with self.open(key) as stream:
            return stream.read()

    def copy(self, source: str, target: str, *, scratch: Path) -> None:
        """Keep under `target` what is under `source`; raises `NotFoundError`."""
        self.put_bytes(target, self.read_bytes(source), scratch=scratch)


def checked(key: str) -> str:
    """The key itself; raises `NotFoundError` for one that is not of the form we write."""
    if not KEY.fullmatch(key):
        raise NotFoundError(f"'{key}' is no key of the store")
    return key


class LocalStore(Store):
    """A folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, file: Path) -> None:
        """Copied beside the target, synced, renamed."""
        target = self._root / checked(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        try:
            with file.open("rb") as source, part.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
                sink.flush()
                os.fsync(sink.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO:
        """The file itself."""
        try:
            return (self._root / checked(key)).open("rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"the store holds no {key}") from error

    def size(self, key: str) -> int | None:
        """From the file system."""
        try:
            return (self._root / checked(key)).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, prefix: str) -> None:
        """The file, or the whole folder."""
        path = self._root / checked(prefix)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def names(self, folder: str) -> set[str]:
        """Without what is still being written."""
        try:
            return {path.name for path in (self._root / folder).iterdir() if path.name[0] != "."}
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def usage(self) -> int:
        """Walks the folder."""
        total = 0
        for folder, _, names in os.walk(self._root):
            for name in names:
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue
        return total


class RemoteStore(Store):
    """Anything fsspec speaks: S3 and what is compatible with it, Google Cloud, Azure, SFTP ..."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._files, self._root = fsspec.core.url_to_fs(url)
        named = self._files.protocol
        self._protocols = (named,) if isinstance(named, str) else tuple(named)
        self._files.makedirs(self._root, exist_ok=True)

    def put(self, key: str, file: Path) -> None:
        """An object store shows an object whole or not at all; a file system needs a rename."""
        target = self._path(key)
        folder, _, name = target.rpartition("/")
        self._files.makedirs(folder, exist_ok=True)
        if "file" in self._protocols:
            part = f"{folder}/.{name}.{uuid.uuid4().hex}.part"
            self._files.put_file(str(file), part)
            os.replace(part, target)
        else:
            self._files.put_file(str(file), target)
        self._files.invalidate_cache()

    def open(self, key: str) -> BinaryIO:
        """A stream that reads ahead."""
        self._files.invalidate_cache()
        try:
            return cast(BinaryIO, self._files.open(self._path(key), "rb"))
        except FileNotFoundError as error:
            raise NotFoundError(f"the store holds no {key}") from error

    def size(self, key: str) -> int | None:
        """As the far side tells it."""
        self._files.invalidate_cache()
        try:
            found: Any = self._files.size(self._path(key))
        except FileNotFoundError:
            return None
        return None if found is None else int(found)

    def delete(self, prefix: str) -> None:
        """Recursively."""
        self._files.invalidate_cache()
        if self._files.exists(self._path(prefix)):
            self._files.rm(self._path(prefix), recursive=True)

    def names(self, folder: str) -> set[str]:
        """Asks for a listing."""
        self._files.invalidate_cache()
        try:
            found = self._files.ls(f"{self._root.rstrip('/')}/{folder}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return set()
        names = {str(path).rstrip("/").rpartition("/")[2] for path in found}
        return {name for name in names if name and name[0] != "."}

    def usage(self) -> int:
        """Asks for every size."""
        self._files.invalidate_cache()
        return int(self._files.du(self._root, total=True))

    def _path(self, key: str) -> str:
        return f"{self._root.rstrip('/')}/{checked(key)}"


def open_store(url: str) -> Store:
    """The store at a folder or URL."""
    return RemoteStore(url) if "://" in url else LocalStore(Path(url))
