"""A receiver that verifies with the official client, and one that has to be asked twice."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from serving import Served, until


class Receiver(ThreadingHTTPServer):
    """Answers with each of `answers` in turn, then 200; keeps what it was sent."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.seen: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((dict(self.headers.items()), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    served = Receiver(answers=[500])
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def test_signed_repeated_and_logged(server: Served, receiver: Receiver) -> None:
    hook = server.http.post("/kinora/v1/webhooks", json={"url": receiver.url}).json()
    video = server.create(steps=1, seconds=1, size="96x64")
    server.wait(video)
    log = f"/kinora/v1/webhooks/{hook['id']}/deliveries"

    def delivered() -> dict[str, object] | None:
        first = server.http.get(log).json()["data"][0]
        return first if first["state"] == "delivered" else None

    entry = until(delivered, what="the second attempt")
    assert (entry["attempts"], entry["status"], entry["type"]) == (2, 200, "video.completed")
    (_, first), (headers, second) = receiver.seen
    assert first == second, "a repeat is the same event"
    client = openai.OpenAI(api_key="none", webhook_secret=hook["secret"])
    event = client.webhooks.unwrap(second, headers)
    assert (event.type, event.data.id, event.object) == ("video.completed", video, "event")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(second.replace(b"completed", b"complated"), headers)
    assert "secret" not in server.http.get("/kinora/v1/webhooks").text.replace('"secret":null', "")
    server.http.delete(f"/kinora/v1/webhooks/{hook['id']}")
    assert server.http.get(log).status_code == 404


def test_addresses_that_are_none(server: Served) -> None:
    for url in ("ftp://x/y", "http://", "http://user:pw@host/", "javascript:alert(1)"):
        answer = server.http.post("/kinora/v1/webhooks", json={"url": url})
        assert answer.status_code == 400, url
