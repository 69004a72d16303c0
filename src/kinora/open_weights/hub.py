"""Published models on this machine: find, fetch, list. In: a hub id or folder. Out: a `Folder`.

Files live in the hub library's own cache, so other programs share them. Nothing but safetensors, configs
and tokenizers is fetched, and every weights file is checked against the sha256 its publisher states.
"""

import re
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from kinora.core.errors import KinoraError, NotFoundError, OutOfMemoryError, UsageError
from kinora.core.progress import OnProgress, Progress, silent
from kinora.media.atomic import FULL
from kinora.open_weights.folder import HUB_ID, INDEX, PICKLES, Folder, read_json
from kinora.open_weights.sums import OTHER_SUM, damaged, sha256

LARGER_DISK = "Free some space, or set HF_HOME to a folder on a larger disk"
COMPONENT_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
ROOT_FILES = (INDEX, "LICENSE*", "README.md", "NOTICE*")
VARIANT = re.compile(r"\.(fp16|bf16|fp32|non_ema)[.-]")


@dataclass(frozen=True)
class Remote:
    """A file of a published model: its size in bytes and, for weights, its `sha256`."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Release:
    """What the hub tells of a model before it is fetched.

    Args:
        name: hub id.
        revision: commit.
        licence: as its publisher states it, "unknown" where not.
        files: those that Kinora needs.
    """

    name: str
    revision: str
    licence: str
    files: tuple[Remote, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Held:
    """A model on this machine."""

    name: str
    pipeline: str
    size: int
    path: Path


def locate(name: str) -> Folder | None:
    """A local folder, or the newest complete snapshot of a hub id; None where there is neither."""
    if (Path(name) / INDEX).exists():
        return Folder(name, Path(name))
    if not HUB_ID.fullmatch(name):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, OSError, ValueError):
        return None
    return Folder(name, path) if (path / INDEX).exists() else None


def is_id(name: str) -> bool:
    """Whether a hub may know it; a folder may be called `owner/model` too."""
    return HUB_ID.fullmatch(name) is not None and not Path(name).exists()


def absent(name: str) -> NotFoundError:
    """The error for a model that is not on this machine."""
    published = is_id(name)
    return NotFoundError(
        f"{name} is not on this machine" if published else f"there is no model called '{name}'",
        remedy=f"Run: kinora models pull {name}"
        if published
        else f"Name a hub id, or a folder that holds a {INDEX}; kinora models ls tells what is here",
    )


def cut_off() -> bool:
    """Whether the network is switched off, by `--offline` or `HF_HUB_OFFLINE`."""
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE


def pulled(name: str) -> Folder:
    """What an earlier pull brought, whole; the network is left alone.

    Raises:
        UsageError: `name` is no hub id.
        NotFoundError: it is not on this machine, or not all of it.
    """
    _check_id(name)
    folder = locate(name)
    if folder is None:
        raise _switched_off(name)
    folder.check()
    return folder


def release(name: str) -> Release:
    """Ask the hub what a model holds.

    Raises:
        UsageError: `name` is no hub id, or its weights are pickled.
        NotFoundError: the hub has no such model, or it may not be read.
        KinoraError: the hub cannot be reached.
    """
    _check_id(name)
    from huggingface_hub import HfApi, hf_hub_download

    with _Explained(name):
        info = HfApi().model_info(name, files_metadata=True)
        revision = str(info.sha)
        index = Path(hf_hub_download(name, INDEX, revision=revision))
    components = [part for part in read_json(index) if not part.startswith("_")]
    siblings = info.siblings or []
    names = [file.rfilename for file in siblings]
    _refuse_pickles(name, names, components)
    files = tuple(
        Remote(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None)
        for file in siblings
        if wanted(file.rfilename, components, names)
    )
    card = info.card_data
    licence = (card.get("license_name") or card.get("license")) if card else None
    return Release(name, revision, str(licence or "unknown"), files)


def pull(found: Release, *, on_progress: OnProgress = silent) -> Folder:
    """Fetch what is missing; goes on where an earlier pull stopped.

    Raises:
        OutOfMemoryError: the disk is too small, or was filled meanwhile.
        NotFoundError: a file arrived damaged; it is removed.
        KinoraError: the connection broke.
    """
    from huggingface_hub import hf_hub_download

    _refuse_small_disk(found)
    path, done = Path(), 0
    for file in found.files:
        with _Explained(found.name):
            if file.sha256 and not _cached(found, file):
                fetch_blob(found, file, file.sha256)
            path = Path(hf_hub_download(found.name, file.path, revision=found.revision))
        done += file.size
        on_progress(Progress("pull", done, found.size, preview=file.path))
    root = path.parents[found.files[-1].path.count("/")]
    _point_main_at(root)
    return Folder(found.name, root)


def described(name: str) -> Folder:
    """The configs of a model that is not on this machine: enough to count by, and no model to `locate`.

    Raises:
        NotFoundError: the network is switched off, or the hub has no such model.
        KinoraError: the hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    if cut_off():
        raise _switched_off(name)
    found = release(name)
    files = [file.path for file in found.files if file.path.endswith("config.json")]
    with _Explained(name):
        # By its commit, so that the name points nowhere before a pull says that all is there.
        for file in (*files, INDEX):
            path = Path(hf_hub_download(name, file, revision=found.revision))
    return Folder(name, path.parent)


def fetch_blob(found: Release, file: Remote, expected: str) -> Path:
    """Weights into the cache under their sha256, going on behind what an earlier pull left.

    The hub library starts every file anew; with many gigabytes that is no way to treat a slow line.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    blob, part = _blob(found, expected), _part(found, expected)
    if blob.exists():
        return blob
    part.parent.mkdir(parents=True, exist_ok=True)
    url = hf_hub_url(found.name, file.path, revision=found.revision)
    headers = build_hf_headers()
    location = get_hf_file_metadata(url, headers=headers).location
    if urlparse(location).netloc != urlparse(url).netloc:
        headers.pop("authorization", None)  # storage elsewhere has a signed address of its own
    with part.open("ab") as stream:
        have = stream.tell()
        http_get(location, stream, resume_size=have, expected_size=file.size, headers=headers)
    if sha256(part) != expected:
        part.unlink()
        again = f"Run: kinora models pull {found.name}"
        raise damaged(f"{found.name}/{file.path}", why=OTHER_SUM, remedy=again)
    return part.rename(blob)


def held() -> list[Held]:
    """Every model in the hub library's cache that some pipeline class describes."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return []
    found = []
    for repository in sorted(repositories, key=lambda each: each.repo_id):
        folder = locate(repository.repo_id)
        if repository.repo_type == "model" and folder is not None:
            size = repository.size_on_disk
            found.append(Held(repository.repo_id, folder.pipeline, size, folder.path))
    return found


def wanted(file: str, components: list[str], all_files: list[str]) -> bool:
    """Whether a file is needed; a half-precision twin of a file that is there too is not."""
    folder, _, name = file.rpartition("/")
    if not folder:
        return any(fnmatch(name, pattern) for pattern in ROOT_FILES)
    if folder not in components or not any(fnmatch(name, each) for each in COMPONENT_FILES):
        return False
    plain = VARIANT.sub(lambda found: found.group()[-1], name)
    return plain == name or f"{folder}/{plain}" not in all_files


def _check_id(name: str) -> None:
    if not HUB_ID.fullmatch(name):
        raise UsageError(
            f"'{name}' is not a hub id",
            remedy="Write owner/model, for example Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
        )


def _point_main_at(root: Path) -> None:
    """So that the name alone finds this snapshot, and no older one, when there is no network."""
    reference = root.parents[1] / "refs" / "main"
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(root.name)


def _refuse_pickles(name: str, files: list[str], components: list[str]) -> None:
    for component in components:
        inside = [Path(file) for file in files if file.startswith(f"{component}/")]
        suffixes = {file.suffix for file in inside}
        if suffixes & PICKLES and ".safetensors" not in suffixes:
            raise UsageError(
                f"{name} publishes {component} as a pickle",
                why="a pickle can run any program; only safetensors are read",
                remedy="Use a safetensors release of the model",
            )


def _refuse_small_disk(found: Release) -> None:
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE)
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    missing = sum(
        file.size - _begun(found, file) for file in found.files if not _cached(found, file)
    )
    if missing > free:
        raise OutOfMemoryError(
            f"{found.name} needs {gigabytes(missing)} of disk",
            why=f"{there} has {gigabytes(free)} free",
            remedy=LARGER_DISK,
        )


def _begun(found: Release, file: Remote) -> int:
    """Bytes of a file that an earlier pull left."""
    places = (_blob(found, file.sha256), _part(found, file.sha256)) if file.sha256 else ()
    return next((place.stat().st_size for place in places if place.exists()), 0)


def _blob(found: Release, sha256: str) -> Path:
    """Where the cache holds a file of this sha256."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=found.name, repo_type="model")
    return Path(constants.HF_HUB_CACHE) / folder / "blobs" / sha256


def _part(found: Release, sha256: str) -> Path:
    return _blob(found, f"{sha256}.part")


def _cached(found: Release, file: Remote) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(found.name, file.path, revision=found.revision), str)


def gigabytes(size: int) -> str:
    """A size for readers."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


class _Explained:
    """Errors of the hub library in words a user can act on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, KinoraError):
            raise _told(self.name, error) from error


def _told(name: str, error: Exception) -> KinoraError:
    from huggingface_hub import errors

    why = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, OSError) and error.errno in FULL:
        return OutOfMemoryError(
            f"the disk is full, {name} is fetched in part",
            why=error.strerror or why,
            remedy=f"{LARGER_DISK}; then run it again: kinora models pull {name}",
        )
    if isinstance(error, errors.GatedRepoError):
        return NotFoundError(
            f"{name} is given only to those who accept its licence",
            remedy="Accept it on the model's page, then run: hf auth login",
        )
    if isinstance(error, (errors.RepositoryNotFoundError, errors.EntryNotFoundError)):
        missing = isinstance(error, errors.RepositoryNotFoundError)
        what = f"the hub has no model {name}" if missing else f"{name} lacks a file"
        if isinstance(error, errors.LocalEntryNotFoundError):
            return _broken(name, why)
        return NotFoundError(what, why="" if missing else why, remedy="Check the spelling")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return _switched_off(name)
    return _broken(name, why)


def _switched_off(name: str) -> NotFoundError:
    return NotFoundError(
        f"{name} is not on this machine and the network is switched off",
        remedy="Leave out --offline and unset HF_HUB_OFFLINE, or name a local folder",
    )


def _broken(name: str, why: str) -> KinoraError:
    return KinoraError(
        f"the connection to the hub broke while fetching {name}",
        why=why,
        remedy=f"Run it again, it goes on where it stopped: kinora models pull {name}",
    )
