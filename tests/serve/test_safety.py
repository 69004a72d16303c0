"""Strangers, hostile files and greedy clients."""

import base64
import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import insert, select

from kinora.core.errors import KinoraError, NotFoundError, UsageError
from kinora.serve import outbound
from kinora.serve.jobs.control import Control
from kinora.serve.jobs.courier import Courier
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.table import deliveries, webhooks
from kinora.serve.settings import Settings
from kinora.serve.store import LocalStore, RemoteStore, Store
from serving import PROGRAM, Served, environment, until

SECRET = "whsec_" + base64.b64encode(b"sixteen bytes ok").decode()

Serve = Callable[..., Served]


def kinora(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def picture(kind: str = "PNG", size: tuple[int, int] = (96, 64)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, kind)
    return data.getvalue()


def test_no_stranger_without_a_key(tiny_model_folder: Path, tmp_path: Path) -> None:
    told = kinora("serve", "--host", "0.0.0.0", "--data", tmp_path, "--model", tiny_model_folder)
    assert told.returncode == 2, told
    assert "without an API key" in told.stderr


def test_keys_see_their_own_films_only(tiny_model_folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "server"
    keys = [kinora("serve", "--data", data, "--add-key", name).stdout.strip() for name in "ab"]
    assert all(key.startswith("sk-kinora-") for key in keys)
    database = b"".join(path.read_bytes() for path in data.glob("kinora.sqlite*"))
    assert not any(key.encode() in database for key in keys)
    server = Served(data, tiny_model_folder, workers=0, requests_per_minute=60).start()
    try:
        mine, other = ({"Authorization": f"Bearer {key}"} for key in keys)
        sent = {"prompt": "a red ball"}
        video = server.http.post("/v1/videos", json=sent, headers=mine).json()["id"]
        for path in (
            f"/v1/videos/{video}",
            f"/kinora/v1/jobs/{video}",
            f"/v1/videos?after={video}",
        ):
            assert server.http.get(path, headers=mine).status_code == 200
            assert server.http.get(path, headers=other).status_code == 404
            assert server.http.get(path).status_code == 401
        wrong = {"Authorization": "Bearer sk-kinora-guess"}
        assert server.http.get("/v1/videos", headers=wrong).status_code == 401
        assert kinora("serve", "--data", data, "--revoke-key", "b").returncode == 0
        codes = {server.http.get("/v1/videos", headers=mine).status_code for _ in range(120)}
        assert codes == {200, 429}
    finally:
        server.close()


def test_limits_on_bodies_queues_and_words(serve: Serve) -> None:
    server = serve(workers=0, max_upload_bytes=100_000, max_queued=2, max_seconds=30).start()
    http = server.http
    big = http.post("/v1/videos", data={"prompt": "x"}, files={"input_reference": b"0" * 3_000_000})
    assert (big.status_code, big.json()["error"]["code"]) == (413, "too_large")
    long = http.post("/v1/videos", json={"prompt": "a red ball", "seconds": 31})
    assert (long.status_code, long.json()["error"]["code"]) == (400, "too_long")
    refused = http.post("/v1/videos", json={"prompt": "a naked child"})
    assert refused.json()["error"]["code"] == "content_policy"
    server.create()
    server.create()
    full = http.post("/v1/videos", json={"prompt": "a red ball"})
    assert (full.status_code, full.json()["error"]["code"]) == (429, "quota_exceeded")
    assert int(full.headers["retry-after"]) > 0
    assert http.get("/kinora/v1/ready").status_code == 503


def test_a_full_store_takes_no_more(serve: Serve) -> None:
    server = serve(workers=0, disk_budget_bytes=100)
    old = server.data / "store" / "videos" / "video_old"
    old.mkdir(parents=True)
    (old / "film.mp4").write_bytes(bytes(100))
    full = server.start().http.post("/v1/videos", json={"prompt": "a red ball"})
    assert (full.status_code, full.json()["error"]["code"]) == (429, "disk_budget")
    assert int(full.headers["retry-after"]) > 0


def test_pictures_by_url(server: Served) -> None:
    data = "data:image/png;base64," + base64.b64encode(picture()).decode()
    sent = {"prompt": "a red ball", "size": "96x64", "steps": 1, "seconds": 1}
    made = server.http.post("/v1/videos", json={**sent, "input_reference": {"image_url": data}})
    assert server.wait(made.json()["id"])["state"] == "done"
    away = {"image_url": "http://example.com/a.png"}
    told = server.http.post("/v1/videos", json={**sent, "input_reference": away}).json()
    assert told["error"]["code"] == "image_url_disabled"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]", "localhost"]
)
def test_nothing_is_fetched_from_inside(host: str) -> None:
    with pytest.raises(UsageError, match="private network"):
        outbound.request("GET", f"http://{host}:9/x", private=False, max_bytes=10)


class Host(ThreadingHTTPServer):
    """Answers, and then sends a byte now and then until `over`."""

    def __init__(self, over: threading.Event) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.over = over


class Answer(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.over.wait(0.05):
            self.wfile.write(b".")
            self.wfile.flush()

    def do_POST(self) -> None:
        self.do_GET()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def hosted(over: threading.Event) -> Iterator[str]:
    """The address of a host."""
    served = Host(over)
    threading.Thread(target=served.serve_forever).start()
    yield f"http://127.0.0.1:{served.server_address[1]}/"
    over.set()
    served.shutdown()
    served.server_close()


def dripping() -> AbstractContextManager[str]:
    """A host that is never done with its answer."""
    return hosted(threading.Event())


def answering() -> AbstractContextManager[str]:
    """A host that takes whatever comes."""
    over = threading.Event()
    over.set()
    return hosted(over)


def test_whoever_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "WHOLE_SECONDS", 0.5)
    with dripping() as url, pytest.raises(KinoraError, match=r"takes longer than 0\.5 s"):
        outbound.request("GET", url, private=True, max_bytes=10**6)


def test_a_slow_receiver_keeps_nobody_waiting_but_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "WHOLE_SECONDS", 8.0)
    database, control = Database(f"sqlite:///{tmp_path / 'kinora.sqlite'}"), Control()
    database.create()
    with dripping() as slow, answering() as good:
        urls = {"slow": slow, "bad": "http://a..b/x", "good": good}
        with database.write() as connection:
            for number, (name, url) in enumerate(urls.items()):
                known = {"types": [], "created_at": 0.0}
                hook = {"id": name, "owner": "o", "url": url, "secret": SECRET, **known}
                connection.execute(insert(webhooks).values(**hook))
                event = {
                    "id": f"e-{name}",
                    "webhook": name,
                    "type": "video.completed",
                    "body": "{}",
                }
                due = {"state": "waiting", "attempts": 0, "next_at": float(number)}
                connection.execute(insert(deliveries).values(**event, **due, created_at=0.0))
        courier = Courier(database, control, settings=Settings(data=tmp_path))
        courier.start()

        def states() -> dict[str, tuple[str, int]]:
            columns = (deliveries.c.webhook, deliveries.c.state, deliveries.c.attempts)
            with database.read() as connection:
                return {
                    name: (state, tries)
                    for name, state, tries in connection.execute(select(*columns))
                }

        told = until(lambda: states() if states()["good"][0] == "delivered" else None, what="good")
        assert told["slow"] == ("waiting", 0), "still under way"
        until(lambda: states()["bad"][1] or None, what="the bad address, tried")
        control.ending.set()
        courier.join(20)
        assert not courier.is_alive()
        assert states()["slow"] == ("waiting", 1)


def test_a_hostile_upload_is_a_400(server: Served) -> None:
    files = {"input_reference": ("a.png", b"\x89PNG\r\n\x1a\nrubbish", "image/png")}
    answer: httpx.Response = server.http.post("/v1/videos", data={"prompt": "x"}, files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_media")


@pytest.mark.parametrize("kind", [LocalStore, RemoteStore])
def test_stores_keep_what_they_are_given(kind: type, tmp_path: Path) -> None:
    root = tmp_path / "store"
    store: Store = LocalStore(root) if kind is LocalStore else RemoteStore(f"file://{root}")
    store.put_bytes("videos/one/a.bin", b"12345", scratch=tmp_path / "scratch")
    assert store.size("videos/one/a.bin") == 5
    with store.open("videos/one/a.bin") as stream:
        stream.seek(2)
        assert stream.read() == b"345"
    store.copy("videos/one/a.bin", "videos/two/b.bin", scratch=tmp_path / "scratch")
    assert store.usage() >= 10
    store.delete("videos/one")
    assert store.size("videos/one/a.bin") is None
    assert store.read_bytes("videos/two/b.bin") == b"12345"
    with pytest.raises(NotFoundError):
        store.open("videos/one/a.bin")
    for key in ("../secret/x", "videos/../../x", "/etc/passwd", "videos/.hidden", "videos/a\nb"):
        with pytest.raises(NotFoundError):
            store.size(key)
