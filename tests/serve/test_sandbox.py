"""Files that are not what they say, and processes that die of them."""

import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from kinora.core.errors import BadMediaError
from kinora.serve.errand import Decoded, Errand, scaled
from kinora.serve.sandbox import ANSWER_BYTES, BrokenError, Sandbox, everything, read
from serving import environment, until


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """A sandbox that a test may break."""
    with Sandbox() as made:
        yield made


def picture(kind: str = "PNG", size: tuple[int, int] = (96, 64)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, kind)
    return data.getvalue()


def bomb() -> bytes:
    """A small file of many pixels."""
    data = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(data, "PNG")
    return data.getvalue()


def endless() -> bytes:
    """A GIF of four frames that lasts four minutes."""
    data = io.BytesIO()
    first, *rest = (Image.new("RGB", (64, 64), (60 * shade, 0, 0)) for shade in range(4))
    first.save(data, "GIF", save_all=True, append_images=rest, duration=65_000)
    return data.getvalue()


LIES = {
    "bomb": bomb,
    "endless": endless,
    "empty": bytes,
    "playlist": lambda: b"#EXTM3U\nfile:///etc/passwd\n",
}


def errand(data: bytes, folder: Path) -> Errand:
    file = folder / "upload"
    file.write_bytes(data)
    return asked(file)


def asked(file: Path, *, kind: str = "video", time: float = 20.0) -> Errand:
    return Errand(
        file=file, target=file.with_name("pixels.npy"), kind=kind, fps=8.0, area=64 * 96,
        pixels=8192 * 4320, seconds=60.0, memory=2 << 30, time=time,
    )  # fmt: skip


def silent(folder: Path, *, time: float = 20.0) -> Errand:
    """A file whose first byte never comes."""
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "upload")
    return asked(folder / "upload", kind="picture", time=time)


def children(pid: int | None) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in told.split()]


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waits for still has its entry."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@contextmanager
def hanging(sandbox: Sandbox, errand: Errand) -> Iterator[tuple[int, "Future[Decoded]"]]:
    """The process that an errand hangs in, and what will come of it."""
    sandbox.decode(sound(errand.file.parent))
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(sandbox.decode, errand)
        child = until(lambda: children(sandbox.pid) or None, what="a child")[0]
        # It has limited itself as soon as it waits for the file.
        until(lambda: opened(child) == {"0", "1", "2", "3"}, what="its errand")
        yield child, future


def opened(pid: int) -> set[str]:
    return set(os.listdir(f"/proc/{pid}/fd"))


def sound(folder: Path) -> Errand:
    (folder / "sound").mkdir(exist_ok=True)
    return errand(picture(), folder / "sound")


def test_a_sound_file_comes_through(sandbox: Sandbox, tmp_path: Path) -> None:
    decoded = sandbox.decode(errand(picture(), tmp_path))
    assert (decoded.height, decoded.width, decoded.frames) == (64, 96, 1)


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_ends_in_a_sentence(lie: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(BadMediaError) as refused:
        sandbox.decode(errand(LIES[lie](), tmp_path))
    assert str(tmp_path) not in refused.value.line()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_mutant_is_decoded_or_refused(kind: str, sandbox: Sandbox, tmp_path: Path) -> None:
    dice, data = random.Random(kind), bytearray(picture(kind))
    for _ in range(8):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        decoded = sandbox.decode(errand(bytes(data), tmp_path))
    except BadMediaError:
        return
    assert decoded.height * decoded.width <= 64 * 96


@pytest.mark.parametrize(
    "size", [(64, 96), (1, 65_535), (65_535, 1), (2160, 3840), (16, 400), (7, 9)]
)
def test_no_picture_becomes_larger_than_it_may(size: tuple[int, int]) -> None:
    """Even where it is very thin: sides are even, so that a little more is rounding."""
    height, width = scaled(*size, area=64 * 96)
    assert height * width <= 64 * 96 * 1.2
    assert min(height, width) >= 16
    assert height % 2 == width % 2 == 0


def test_a_thin_picture_is_cut(sandbox: Sandbox, tmp_path: Path) -> None:
    decoded = sandbox.decode(errand(picture(size=(20_000, 4)), tmp_path))
    assert (decoded.height, decoded.width) == (16, 64 * 96 // 16)


def test_many_files_leave_nothing_behind(own: Sandbox, tmp_path: Path) -> None:
    own.decode(errand(picture(), tmp_path))
    assert own.pid is not None
    before = opened(own.pid)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(own.decode, [sound(tmp_path)] * 20))
    assert own.begun == 1
    until(lambda: not children(own.pid), what="the last child")
    assert opened(own.pid) == before
    assert len(os.listdir(f"/proc/{own.pid}/task")) == 1, "no thread may run where others fork"


def test_a_file_that_never_comes_is_ended_alone(own: Sandbox, tmp_path: Path) -> None:
    with hanging(own, silent(tmp_path / "a", time=0.5)) as (child, future):
        assert own.decode(sound(tmp_path)).frames == 1, "its siblings go on"
        with pytest.raises(BadMediaError, match="within the limits"):
            future.result()
    assert gone(child)
    assert own.begun == 1


def test_a_killed_child_hurts_nobody(own: Sandbox, tmp_path: Path) -> None:
    with (
        hanging(own, silent(tmp_path / "a")) as (one, first),
        ThreadPoolExecutor(1) as pool,
    ):
        second = pool.submit(own.decode, silent(tmp_path / "b", time=0.5))
        os.kill(one, signal.SIGKILL)
        for future in (first, second):
            with pytest.raises(BadMediaError, match="within the limits"):
                future.result()
    assert own.decode(sound(tmp_path)).frames == 1
    assert own.begun == 1


def test_after_a_crash_addresses_are_new(own: Sandbox, tmp_path: Path) -> None:
    with hanging(own, silent(tmp_path / "a")) as (child, future):
        os.kill(child, signal.SIGSEGV)
        with pytest.raises(BadMediaError, match="within the limits"):
            future.result()
    assert own.decode(sound(tmp_path)).frames == 1
    assert own.begun == 2


def test_a_dead_nursery_is_begun_anew(own: Sandbox, tmp_path: Path) -> None:
    own.decode(sound(tmp_path))
    assert own.pid is not None
    os.kill(own.pid, signal.SIGKILL)
    assert own.decode(sound(tmp_path)).frames == 1
    assert own.begun == 2


def test_what_a_dead_nursery_had_is_asked_again(own: Sandbox, tmp_path: Path) -> None:
    upload = silent(tmp_path / "a")
    with hanging(own, upload) as (child, future):
        # The second time it is a file.
        sound(tmp_path).file.replace(upload.file)
        assert own.pid is not None
        os.kill(own.pid, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        assert future.result().frames == 1
    assert own.begun == 2


def test_children_know_no_secret(
    own: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINORA_KEY", "sk-secret")
    with hanging(own, silent(tmp_path / "a")) as (child, future):
        seen = Path(f"/proc/{child}/environ").read_bytes()
        assert b"PATH=" in seen
        assert b"sk-secret" not in seen
        assert opened(child) == {"0", "1", "2", "3"}, "its own socket alone, besides nothing"
        os.kill(child, signal.SIGKILL)
        with pytest.raises(BadMediaError):
            future.result()


def test_nothing_outlives_a_closed_sandbox(own: Sandbox, tmp_path: Path) -> None:
    own.decode(sound(tmp_path))
    pid = own.pid
    assert pid is not None
    with hanging(own, silent(tmp_path / "a")) as (_, future):
        own.close()
        with pytest.raises(BadMediaError, match="within the limits"):
            future.result()
    assert gone(pid)
    assert (own.pid, own.begun) == (None, 1), "what was at work begins no other"


def test_nothing_outlives_a_killed_server(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from kinora.serve.errand import Errand\n"
        "from kinora.serve.sandbox import Sandbox\n"
        "sandbox = Sandbox()\n"
        "sandbox.decode(Errand.model_validate_json(sys.argv[1]))\n"
        "print(sandbox.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    words = [sys.executable, "-c", program, sound(tmp_path).model_dump_json()]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert not gone(pid)
        caller.kill()
        until(lambda: gone(pid), what="the nursery to end")


def test_answers_of_strangers() -> None:
    assert read(b'{"refused": "no"}') == {"refused": "no"}
    for line in (b"", b"[]", b"\xff", b"[" * 100_000):
        assert read(line) == {}


def test_a_child_that_never_stops_talking_is_cut_short() -> None:
    near, far = socket.socketpair()
    with near, far:
        threading.Thread(target=_talk, args=(far,), daemon=True).start()
        assert ANSWER_BYTES <= len(everything(near, seconds=60)) < 2 * ANSWER_BYTES


def test_a_child_that_says_nothing_is_not_waited_for() -> None:
    near, far = socket.socketpair()
    with near, far, pytest.raises(BrokenError):
        everything(near, seconds=0.05)


def _talk(line: socket.socket) -> None:
    try:
        while True:
            line.sendall(b"words " * 1000)
    except OSError:
        return
