"""Pull, list, verify against a hub of our own on this machine, which cuts the line when told to."""

import hashlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import save

from kinora.core.errors import KinoraError, NotFoundError, OutOfMemoryError, UsageError
from kinora.open_weights import hub, sums
from kinora.open_weights.folder import Folder

NAME, COMMIT = "tiny/film", "a" * 40
CHUNK = 1 << 16
HEAVY = "transformer/diffusion_pytorch_model.safetensors"
INDEX = {
    "_class_name": "WanPipeline",
    "transformer": ["diffusers", "WanTransformer3DModel"],
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
}


def published() -> dict[str, bytes]:
    drawn = np.arange(256, dtype=np.uint8).repeat(40_000)
    return {
        "model_index.json": json.dumps(INDEX).encode(),
        "README.md": b"a card",
        "transformer/config.json": b"{}",
        HEAVY: save({"weight": drawn}),
        "transformer/diffusion_pytorch_model.fp16.safetensors": b"twin",
        "scheduler/scheduler_config.json": b"{}",
        "original.safetensors": b"another layout",
    }


@dataclass
class Hub:
    files: dict[str, bytes] = field(default_factory=published)
    cut: bool = False
    ranges: list[str] = field(default_factory=list)
    url: str = ""
    asked: int = 0
    commit: str = COMMIT

    def listing(self) -> dict[str, object]:
        siblings = []
        for name, content in self.files.items():
            entry: dict[str, object] = {"rfilename": name, "size": len(content)}
            if name.endswith(".safetensors"):
                digest = hashlib.sha256(published().get(name, content)).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 1}
            siblings.append(entry)
        card = {"license": "apache-2.0"}
        return {"id": NAME, "sha": self.commit, "siblings": siblings, "cardData": card, "tags": []}


def handler(held: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            held.asked += 1
            path = self.path.split("?")[0]
            name = path.partition(f"/resolve/{held.commit}/")[2]
            if path.startswith("/api/models/"):
                content = json.dumps(held.listing()).encode()
            elif name in held.files:
                content = held.files[name]
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.end_headers()
                return
            start = 0
            if "Range" in self.headers and body:
                held.ranges.append(self.headers["Range"])
                start = int(self.headers["Range"].split("=")[1].split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", held.commit)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if body:
                half = held.cut and name == HEAVY
                with suppress(ConnectionError):  # whoever cannot store it hangs up
                    self.wfile.write(
                        content[start : len(content) // 2] if half else content[start:]
                    )
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def our_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    held = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(held))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    held.url = f"http://127.0.0.1:{server.server_port}"
    template = held.url + "/{repo_id}/resolve/{revision}/{filename}"
    for name, value in (
        ("ENDPOINT", held.url),
        ("HUGGINGFACE_CO_URL_TEMPLATE", template),
        ("HF_HUB_CACHE", str(tmp_path / "cache")),
        ("HF_HUB_OFFLINE", False),
        ("DOWNLOAD_CHUNK_SIZE", CHUNK),
    ):
        monkeypatch.setattr(constants, name, value)
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


def test_size_and_licence_are_told_before_anything_is_fetched(our_hub: Hub) -> None:
    found = hub.release(NAME)
    assert found.licence == "apache-2.0"
    names = {file.path for file in found.files}
    assert names == set(our_hub.files) - {
        "original.safetensors",
        "transformer/diffusion_pytorch_model.fp16.safetensors",
    }
    assert found.size == sum(len(our_hub.files[name]) for name in names)


def test_a_pull_that_was_cut_goes_on_where_it_stopped(our_hub: Hub) -> None:
    found = hub.release(NAME)
    our_hub.cut = True
    with pytest.raises(KinoraError, match="kinora models pull tiny/film"):
        hub.pull(found)
    assert hub.locate(NAME) is None, "half a model is no model"
    our_hub.cut, our_hub.ranges[:] = False, []
    folder = hub.pull(found)
    half = len(our_hub.files[HEAVY]) // 2
    assert our_hub.ranges == [f"bytes={half // CHUNK * CHUNK}-"], "whole chunks are kept"
    assert (folder.path / HEAVY).read_bytes() == our_hub.files[HEAVY]
    assert hub.locate(NAME) == folder
    assert [each.name for each in hub.held()] == [NAME]
    expected = hashlib.sha256(our_hub.files[HEAVY]).hexdigest()
    assert sums.verify(folder) == sums.checksums(folder) == {HEAVY: expected}


def test_configs_alone_are_no_model_and_leave_a_pull_whole(our_hub: Hub) -> None:
    folder = hub.described(NAME)
    assert folder.config("transformer") == folder.config("scheduler") == {}
    here = {str(each.relative_to(folder.path)) for each in folder.path.rglob("*") if each.is_file()}
    assert here == {
        "model_index.json",
        "transformer/config.json",
        "scheduler/scheduler_config.json",
    }
    assert hub.locate(NAME) is None
    assert hub.held() == []
    assert hub.pull(hub.release(NAME)) == hub.locate(NAME)


def test_what_was_not_pulled_is_estimated_by_its_configs(
    our_hub: Hub,
    tiny: Callable[[str], Path],
    kinora: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    folder = tiny("wan")
    files = (path for path in folder.rglob("*") if path.is_file())
    our_hub.files = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    elsewhere = {"HF_HUB_CACHE": constants.HF_HUB_CACHE, "HF_ENDPOINT": our_hub.url}
    words = ("--size", "64x64", "--steps", "2", "--json")
    cut = kinora("estimate", NAME, "--offline", *words, **elsewhere)
    assert cut.returncode == 3, cut.stderr
    assert "--offline" in cut.stderr
    assert our_hub.asked == 0, "nobody asked the hub"
    told = kinora("estimate", NAME, *words, **elsewhere)
    assert told.returncode == 0, told.stderr
    whole = kinora("estimate", folder, *words)
    for said in ("shape", "plan", "peak_gb"):
        assert json.loads(told.stdout)[said] == json.loads(whole.stdout)[said]
    assert not list(Path(constants.HF_HUB_CACHE).rglob("*.safetensors"))
    assert hub.locate(NAME) is None
    our_hub.files.pop("model_index.json")
    assert kinora("estimate", "no/where", *words, **elsewhere).returncode == 3
    assert kinora("estimate", "nothing", *words, **elsewhere).returncode == 3


def test_a_file_that_arrives_damaged_is_removed(our_hub: Hub) -> None:
    our_hub.files[HEAVY] = b"x" * len(our_hub.files[HEAVY])
    with pytest.raises(NotFoundError, match="damaged"):
        hub.pull(hub.release(NAME))
    cache = Path(constants.HF_HUB_CACHE)
    assert not list(cache.rglob("*.safetensors"))
    assert all(file.stat().st_size < 1000 for file in cache.rglob("*") if file.is_file())


def test_pickles_are_refused_before_anything_is_fetched(our_hub: Hub) -> None:
    our_hub.files = {
        name.replace(".safetensors", ".bin"): content for name, content in our_hub.files.items()
    }
    with pytest.raises(UsageError, match="pickle"):
        hub.release(NAME)


def test_a_small_disk_is_said_beforehand(our_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    found = hub.release(NAME)
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(OutOfMemoryError, match="HF_HOME"):
        hub.pull(found)


def test_what_was_begun_needs_no_room_twice(our_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    found, our_hub.cut = hub.release(NAME), True
    with pytest.raises(KinoraError, match="it goes on where it stopped"):
        hub.pull(found)
    our_hub.cut = False
    room = SimpleNamespace(free=len(our_hub.files[HEAVY]) - 1)
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda _: room)
    assert sums.verify(hub.pull(found))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_disk_that_fills_up_meanwhile(our_hub: Hub) -> None:
    found = hub.release(NAME)
    heavy = next(file for file in found.files if file.path == HEAVY)
    blobs = next(Path(constants.HF_HUB_CACHE).rglob("blobs"))
    (blobs / f"{heavy.sha256}.part").symlink_to("/dev/full")
    with pytest.raises(OutOfMemoryError, match=r"disk is full.*HF_HOME.*models pull tiny/film"):
        hub.pull(found)


def test_the_newest_pull_is_the_one_that_is_found(our_hub: Hub) -> None:
    before = hub.pull(hub.release(NAME))
    our_hub.commit, our_hub.files["README.md"] = "b" * 40, b"another card"
    after = hub.pull(hub.release(NAME))
    assert after.path.name == our_hub.commit != before.path.name
    assert hub.locate(NAME) == after
    assert (after.path / "README.md").read_bytes() == b"another card"


def test_a_hub_that_is_away_and_a_name_that_is_none(our_hub: Hub) -> None:
    with pytest.raises(UsageError, match="owner/model"):
        hub.release("no id")
    our_hub.files.pop("model_index.json")
    with pytest.raises(NotFoundError):
        hub.release(NAME)


@pytest.fixture
def local(tmp_path: Path) -> Folder:
    for name, content in published().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "transformer/diffusion_pytorch_model.fp16.safetensors").unlink()
    return Folder(str(tmp_path), tmp_path)


def test_a_folder_is_checked_against_its_own_sums(local: Folder) -> None:
    right = hashlib.sha256(published()[HEAVY]).hexdigest()
    (local.path / sums.SUMS).write_text(f"{right}  {HEAVY}\n")
    assert sums.verify(local) == {HEAVY: right}
    assert sums.unstated(local) == []
    other = published()[HEAVY].replace(b"weight", b"height")
    (local.path / HEAVY).write_bytes(other)
    with pytest.raises(NotFoundError, match=r"damaged: its sha256.*Copy the folder again"):
        sums.verify(local)
    (local.path / sums.SUMS).unlink()
    assert sums.unstated(local) == list(sums.verify(local)) == [HEAVY]


def test_a_file_that_is_cut_short_is_damaged_though_nobody_states_its_sum(local: Folder) -> None:
    (local.path / HEAVY).write_bytes(published()[HEAVY][:-1])
    with pytest.raises(NotFoundError, match=r"damaged: .*not fully covered.*Copy the folder again"):
        sums.verify(local)


def test_what_was_fetched_is_fetched_again_and_a_folder_is_copied(
    our_hub: Hub, local: Folder
) -> None:
    fetched = hub.pull(hub.release(NAME))
    blob = (fetched.path / HEAVY).resolve()
    blob.write_bytes(our_hub.files[HEAVY][:-1])
    with pytest.raises(NotFoundError, match=f"Delete {blob}, then run: kinora models pull {NAME}"):
        sums.verify(fetched)
    blob.unlink()
    assert sums.verify(hub.pull(hub.release(NAME)))
    assert not Folder(NAME, Path(NAME)).fetched, "a folder may look like a hub id"
    (local.path / HEAVY).unlink()
    with pytest.raises(NotFoundError, match="Copy the folder again"):
        local.check()


@pytest.mark.parametrize(
    ("name", "told"), [("no/where", "pull no/where"), ("./none", "Name a hub")]
)
def test_a_model_that_is_not_here(name: str, told: str) -> None:
    assert told in str(hub.absent(name))


def test_a_missing_shard_and_a_pickle_are_named(local: Folder) -> None:
    weights = local.path / HEAVY
    index = {"weight_map": {"a": "one-of-2.safetensors", "b": "two-of-2.safetensors"}}
    listing = weights.with_name("diffusion_pytorch_model.safetensors.index.json")
    listing.write_text(json.dumps(index))
    weights.rename(weights.with_name("one-of-2.safetensors"))
    with pytest.raises(NotFoundError, match=r"two-of-2.*1 of 2 shards"):
        local.check()
    listing.unlink()
    weights.with_name("one-of-2.safetensors").rename(weights.with_suffix(".bin"))
    with pytest.raises(UsageError, match="only safetensors are read"):
        local.check()
    weights.with_suffix(".bin").unlink()
    with pytest.raises(NotFoundError, match="has no weights in transformer/"):
        local.check()


def test_the_command_line_lists_and_checks(
    local: Folder, kinora: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    cache = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    told = kinora("models", "verify", local.path, "--json", **cache)
    assert told.returncode == 0, told.stderr
    assert list(json.loads(told.stdout)["sha256"]) == json.loads(told.stdout)["unstated"] == [HEAVY]
    assert "1 of 1 files no publisher's checksum is known" in told.stderr
    own = kinora("models", "verify", "kinora-tiny-few", "--json", **cache)
    assert own.returncode == 0, own.stderr
    assert "transformer/change.safetensors" in json.loads(own.stdout)["sha256"]
    nowhere = kinora("models", "pull", "no/where", **cache)
    assert nowhere.returncode == 3, nowhere.stderr
    assert "switched off" in nowhere.stderr


def test_offline_only_what_is_on_disk_counts(
    our_hub: Hub, kinora: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    folder = hub.pull(hub.release(NAME))
    elsewhere = {"HF_HUB_CACHE": constants.HF_HUB_CACHE, "HF_ENDPOINT": our_hub.url}
    our_hub.asked = 0
    told = kinora("models", "pull", NAME, "--offline", "--json", **elsewhere)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["path"] == str(folder.path)
    (folder.path / HEAVY).unlink()
    half = kinora("models", "pull", NAME, "--offline", **elsewhere)
    assert half.returncode == 3, half.stderr
    assert "has no weights in transformer/" in half.stderr
    absent = kinora("generate", "a red ball", "--model", "no/where", "--offline", **elsewhere)
    assert absent.returncode == 3, absent.stderr
    none = kinora("models", "pull", "no/where", "--offline", **elsewhere)
    assert none.returncode == 3, none.stderr
    assert "--offline" in none.stderr
    assert our_hub.asked == 0, "nobody asked the hub"
